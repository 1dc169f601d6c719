"""`graph`: one head, one base, a body for every revision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks.graph import judge
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.report.model import Report

COUNTRY = "versions/0003_add_country.py"
AUTHOR = "versions/0001_add_author.py"
BOOK = "versions/0002_add_book.py"

SLIPS = [
    pytest.param(
        {
            "versions/0003_add_price.py": 'revision = "0003b"\ndown_revision = "0002"\n\nfrom alembic import op\n\n\ndef upgrade():\n    op.execute("SELECT 1")\n\n\ndef downgrade():\n    op.execute("SELECT 1")\n'
        },
        "0003b",
        "heads of the chain",
        "alembic merge -m 'merge heads' 0003 0003b",
        id="a second head",
    ),
    pytest.param(
        {
            COUNTRY: (
                'op.add_column("author", sa.Column("country", sa.Text, nullable=False, server_default="unknown"))',
                "pass",
            )
        },
        "0003",
        "revision 0003_add_country",
        "write what it should do",
        id="a revision that does nothing",
    ),
    pytest.param(
        {COUNTRY: ('def downgrade():\n    op.drop_column("author", "country")\n', "")},
        "0003",
        "revision 0003_add_country",
        'declare irreversible = "<reason>"',
        id="a revision without a downgrade",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', "down_revision = None")},
        "0003",
        "bases of the chain",
        "let all but one of them name its down_revision",
        id="a second base",
    ),
    pytest.param(
        {AUTHOR: None, BOOK: None, COUNTRY: None},
        None,
        "chain",
        "alembic revision --autogenerate",
        id="no revision at all",
    ),
    pytest.param(
        {
            COUNTRY: ('    op.drop_column("author", "country")', '    """Nothing."""'),
            BOOK: ("def upgrade():", "def upgrade():\n    pass\n\n\ndef unused():"),
        },
        "0002",
        "revision 0002_add_book",
        "write what it should do",
        id="a revision whose last upgrade is empty",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("graph", edits, only=("graph", "roundtrip"))}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


def test_a_chain_without_revisions_can_be_judged_by_every_check(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits={AUTHOR: None, BOOK: None, COUNTRY: None}, skip=("drift", "autogenerate", "enums"))

    assert [finding.subject for finding in report.findings] == ["chain"]


def test_only_several_heads_are_said_to_be_refused() -> None:
    revisions = tuple(Revision(name, name, f"{name}.py", ()) for name in "ab")
    chain = Chain(revisions, heads=("a", "b"), bases=("a", "b"))

    heads, bases = judge(ChainRecord(chain, "alembic_version", (), Snapshot({}, 180000)), lambda *_: ())

    assert heads.message.endswith("`alembic upgrade head` refuses such a chain.")
    assert bases.message == "Multiple bases: a, b. Nothing says which of them comes first."


def test_a_base_that_depends_on_another_history_says_which_comes_first() -> None:
    revisions = (Revision("a", "a", "a.py", ()), Revision("b", "b", "b.py", (), ("a",)))
    chain = Chain(revisions, heads=("a", "b"), bases=("a", "b"))

    told = list(judge(ChainRecord(chain, "alembic_version", (), Snapshot({}, 180000)), lambda *_: ()))

    assert [one.code for one in told if isinstance(one, Finding)] == ["PGH-G001"]


def test_a_merge_needs_no_body(found: Callable[..., Any]) -> None:
    assert found("graph", name="branches_that_merge") == []


@pytest.mark.parametrize(
    ("lacking", "told"), [(3, 3), (4, 1), (6, 1)], ids=["few one by one", "most as one", "all as one"]
)
def test_revisions_without_a_downgrade_are_told(lacking: int, told: int) -> None:
    revisions = tuple(
        Revision(str(n), f"{n}_x", f"{n}.py", (str(n - 1),) if n else (), has_downgrade=n >= lacking) for n in range(6)
    )
    record = ChainRecord(Chain(revisions, ("5",), ("0",)), "v", (), Snapshot({}, 180000), None)

    found = list(judge(record, lambda _left, _right: ()))

    assert len(found) == told
    assert all(isinstance(one, Finding) and one.code == "PGH-G005" for one in found)
    assert {
        name for one in found if isinstance(one, Finding) for name in (one.evidence or one.subject).split(", ")
    } >= ({"0_x"} if told == 1 else {"revision 0_x"})


@pytest.mark.parametrize(
    ("docstring", "codes"),
    [
        ("Add nothing.\n\nRevision ID: 9\nRevises: 0003\n", ["PGH-G004"]),
        ("Add nothing.\n\nPostgreSQL has it already.\n", []),
    ],
    ids=["forgotten", "explained"],
)
def test_a_revision_that_does_nothing_is_told_where_no_docstring_explains_it(
    docstring: str, codes: list[str], found: Callable[..., list[Finding]]
) -> None:
    text = f'''"""{docstring}"""\nrevision = "0009"\ndown_revision = "0003"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n'''

    assert [one.code for one in found("graph", edits={"versions/0009_idle.py": text})] == codes
