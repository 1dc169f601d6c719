"""Histories of one script folder that share no revision are told how to be judged by themselves, where they cannot share a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgharness.records.revisions import Chain, Revision

HISTORIES = [
    ([("a", ()), ("b", ())], (("a",), ("b",))),
    ([("a", ()), ("b", ("a",)), ("c", ("a",))], (("b", "c"),)),
    ([("a", ()), ("b", ()), ("c", ("a", "b"))], (("c",),)),
]
SECOND = 'revision = "9999"\ndown_revision = None\n\nfrom alembic import op\n\n\ndef upgrade():\n    op.execute("CREATE TABLE author ()")\n\n\ndef downgrade():\n    op.execute("DROP TABLE author")\n'


@pytest.mark.parametrize(("revisions", "histories"), HISTORIES)
def test_heads_that_share_a_revision_are_of_one_history(
    revisions: list[tuple[str, tuple[str, ...]]], histories: tuple[tuple[str, ...], ...]
) -> None:
    below = {name for _, names in revisions for name in names}
    heads = tuple(name for name, _ in revisions if name not in below)
    chain = Chain(tuple(Revision(name, name, f"{name}.py", downs) for name, downs in revisions), heads, ("a",))

    assert chain.histories == histories


def test_what_a_revision_depends_on_is_of_its_history() -> None:
    chain = Chain((Revision("a", "a", "a.py", ()), Revision("b", "b", "b.py", (), ("a",))), ("a", "b"), ("a", "b"))

    assert chain.histories == (("a", "b"),)


def test_a_table_that_another_history_has_made_is_told_with_a_run_for_each(judge_example: Callable[..., Any]) -> None:
    report = judge_example("sound", {"versions/9999_add_authors.py": SECOND}, only=("graph", "upgrade"))

    told = {one.code: one.mend for one in report.findings}
    runs = "judge each by itself: pgharness check --head 0003; pgharness check --head 9999"
    assert runs in told["PGH-G002"]
    assert runs in told["PGH-U001"]


def test_a_history_that_is_chosen_is_judged_on_a_database_of_its_own(judge_example: Callable[..., Any]) -> None:
    report = judge_example(
        "sound", {"versions/9999_add_authors.py": SECOND}, only=("graph", "upgrade", "roundtrip"), heads=("9999",)
    )

    assert report.findings == ()
    assert [one.revision for one in report.chain.revisions] == ["9999"]
