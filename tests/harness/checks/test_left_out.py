"""What env.py leaves out of Alembic's comparison is left out of `drift`, `autogenerate` and `enums` too, and nothing besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgharness.catalog.diff import Difference
from pgharness.records.experiments import LeftOut
from pgharness.report.model import Report
from tests.harness.checks.test_drift import executing
from tests.harness.runs import told
from tests.harness.typed import add_mends, add_settings, settings_of

LEAVING_OUT = """compare_server_default=True,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name is None,
    include_object=lambda _object, name, kind, *_: (kind, name) not in {("table", "ledger"), ("index", "ix_by_hand")},
"""
BY_HAND = (
    "CREATE TYPE ledger_kind AS ENUM ('sold')",
    "CREATE TABLE ledger (id serial PRIMARY KEY, noted text UNIQUE, kind ledger_kind)",
    "CREATE INDEX ix_by_hand ON author (name)",
    "CREATE SCHEMA other",
    "CREATE TABLE other.thing (id integer PRIMARY KEY)",
)


def test_what_env_py_leaves_out_of_alembics_comparison_is_left_out_with_all_that_belongs_to_it(
    judge_example: Callable[..., Report],
) -> None:
    edits = {**executing(*BY_HAND), "env.py": ("compare_server_default=True,", LEAVING_OUT)}

    report = judge_example("sound", edits, only=("drift",))

    assert report.findings == ()
    assert [note.message.partition(": ")[2] for note in report.notes] == [
        "index public.ix_by_hand, schema other, table public.ledger"
    ]


LEDGER = """\
from models import Base
from sqlalchemy.orm import Mapped, mapped_column


class Ledger(Base):
    __tablename__ = "ledger"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.mark.parametrize("is_left_out", [True, False])
def test_a_model_of_a_table_that_env_py_leaves_out_need_not_be_imported(
    found: Callable[..., Any], *, is_left_out: bool
) -> None:
    leaving_out = LEAVING_OUT if is_left_out else LEAVING_OUT.replace("ledger", "nowhere")
    edits = {**executing(*BY_HAND), "ledger.py": LEDGER, "env.py": ("compare_server_default=True,", leaving_out)}

    assert [one.code for one in found("drift", edits)] == ([] if is_left_out else ["PGH-D014"])


OF_A_KIND = """

class Ledger(Base):
    __tablename__ = "ledger"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(__import__("sqlalchemy").Enum("sold", name="ledger_kind"))
"""


@pytest.mark.parametrize("check", ["drift", "enums"])
@pytest.mark.parametrize("is_left_out", [True, False])
def test_a_type_that_only_the_model_of_a_table_left_out_has_is_left_out(
    found: Callable[..., Any], check: str, *, is_left_out: bool
) -> None:
    leaving_out = LEAVING_OUT if is_left_out else LEAVING_OUT.replace("ledger", "nowhere")
    edits = {
        "bookshop.py": ("class Book(", f"{OF_A_KIND}\n\nclass Book("),
        "env.py": ("compare_server_default=True,", leaving_out),
    }

    subjects = {one.subject for one in found(check, edits)}

    assert ("type public.ledger_kind" in subjects) is not is_left_out


@pytest.mark.parametrize("kinds", [("table",), ("table", "type")])
def test_a_rule_that_leaves_the_table_out_leaves_its_type_to_a_rule_of_its_own(
    judge_example: Callable[..., Report], kinds: tuple[str, ...]
) -> None:
    """What a rule does not name is told, though env.py leaves the table out too."""
    names = {"table": "public.ledger", "type": "public.ledger_kind"}
    rules = [{"kind": kind, "object": names[kind], "reason": "of another team"} for kind in kinds]
    edits = {**executing(*BY_HAND), "env.py": ("compare_server_default=True,", LEAVING_OUT)}

    report = judge_example("sound", edits, only=("drift",), ignore=rules)

    left = [] if "type" in kinds else ["type public.ledger_kind"]
    assert [one.subject for one in report.findings] == left


def test_a_type_that_a_table_left_out_shares_with_another_is_told(found: Callable[..., Any]) -> None:
    shared = (*BY_HAND, "CREATE TABLE shelf (kind ledger_kind)")
    edits = {**executing(*shared), "env.py": ("compare_server_default=True,", LEAVING_OUT)}

    assert {one.subject for one in found("drift", edits)} == {"table public.shelf", "type public.ledger_kind"}


NEEDED = (
    "CREATE TYPE held AS ENUM ('sold')",
    "CREATE TYPE told AS ENUM ('sold')",
    "CREATE SEQUENCE counted",
    "CREATE FUNCTION today() RETURNS date LANGUAGE sql AS 'SELECT current_date'",
    "CREATE TABLE shelf (id integer PRIMARY KEY, kind held, other told)",
    "CREATE TABLE ledger (id integer DEFAULT nextval('counted'), on_day date DEFAULT today(), kind held[], shelf_id integer REFERENCES shelf)",
    "CREATE VIEW noted AS SELECT id FROM ledger",
)


def test_what_something_left_out_uses_is_not_told_to_be_dropped(
    judge_example: Callable[..., Report], judge_again: Callable[..., Report]
) -> None:
    """The server would refuse it (2BP01); what uses it is named, and once left out too, or dropped, nothing is found."""
    edits = {**executing(*NEEDED), "env.py": ("compare_server_default=True,", LEAVING_OUT)}

    before = judge_example("sound", edits, only=("drift",))
    kept = {one.subject: one for one in before.findings if "no revision can drop it" in one.mend}
    # A type of a table that stays goes as little as that.
    add_settings(before, *(settings_of(one) for one in kept.values()))
    add_mends(before, [one for one in before.findings if one.subject not in kept], "write a revision")
    after = judge_again(before, only=("upgrade", "drift"))

    assert "constraint public.ledger.ledger_shelf_id_fkey uses it" in kept["table public.shelf"].mend
    assert set(kept) == {
        *("type public.held", "type public.told", "sequence public.counted"),
        *("function public.today()", "table public.shelf"),
    }
    assert [one.subject for one in before.findings if one.subject not in kept] == ["view public.noted"]
    assert told(after.findings) == []


BY_KEYWORDS = """\
from alembic.autogenerate import comparators


@comparators.dispatch_for("schema")
def compare_entities(context, _operations, _schemas):
    context.run_object_filters(object(), "shelf", "view", reflected=False, compare_to=None)


connection ="""


def test_a_plugin_may_ask_by_keywords_what_env_py_leaves_out(found: Callable[..., Any]) -> None:
    assert found("autogenerate", {"env.py": ("connection =", BY_KEYWORDS)}) == []


def test_what_env_py_does_not_leave_out_is_told(found: Callable[..., Any]) -> None:
    leaving_out = LEAVING_OUT.replace("ledger", "nowhere")
    edits = {**executing(*BY_HAND), "env.py": ("compare_server_default=True,", leaving_out)}

    assert {finding.subject for finding in found("drift", edits)} == {"table public.ledger", "type public.ledger_kind"}


OF_A_PLUGIN = """\
from alembic.autogenerate import comparators
from alembic.operations import MigrateOperation, Operations


class CreateShelf(MigrateOperation):
    def reverse(self):
        return self


@Operations.implementation_for(CreateShelf)
def create_shelf(operations, _operation):
    operations.execute("CREATE VIEW shelf AS SELECT id FROM book")
    operations.execute("CREATE VIEW stock AS SELECT pages FROM book")


@comparators.dispatch_for("schema")
def compare_shelf(context, upgrade, _schemas):
    if context.connection.exec_driver_sql("SELECT to_regclass('shelf')").scalar() is None:
        upgrade.ops.append(CreateShelf())


connection ="""


def test_what_a_plugin_of_alembic_declares_beside_the_models_is_compared(found: Callable[..., Any]) -> None:
    views = executing("CREATE VIEW shelf AS SELECT id FROM book", "CREATE VIEW stock AS SELECT id AS pages FROM book")

    (finding,) = found("drift", {**views, "env.py": ("connection =", OF_A_PLUGIN)})

    assert finding.subject == "view public.stock"
    assert finding.mend.startswith("write a revision: ")


@pytest.mark.parametrize(
    ("left_out", "meant", "another"),
    [
        (
            LeftOut("function", "public", "", "shout"),
            ("function", "public.shout(text)"),
            ("function", "other.shout(text)"),
        ),
        (
            LeftOut("materialized_view", "public", "", "sums"),
            ("materialized view", "public.sums"),
            ("view", "public.sums"),
        ),
        (LeftOut("trigger", "public", "", "touch"), ("trigger", "public.book.touch"), ("trigger", "public.book.tick")),
        (
            LeftOut("unique_constraint", "public", "book", "uq"),
            ("constraint", "public.book.uq"),
            ("constraint", "public.author.uq"),
        ),
    ],
)
def test_what_is_left_out_is_known_by_its_kind_and_name(
    left_out: LeftOut, meant: tuple[str, str], another: tuple[str, str]
) -> None:
    assert left_out.means(Difference(*meant, "exists", "", None))
    assert not left_out.means(Difference(*another, "exists", "", None))
