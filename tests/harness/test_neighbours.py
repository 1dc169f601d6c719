"""What is told of a slip is the same whatever sound revisions stand before it and behind it, one that drops its table too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

Told = set[tuple[str, str | None, str, str]]

AUTHOR = table("author", "id bigint PRIMARY KEY, name text NOT NULL, born integer")
DROPS = Revision(
    "drop_author",
    sql("DROP TABLE author CASCADE"),
    "raise NotImplementedError(irreversible)",
    "irreversible = 'rows are gone'",
)
ONCE = "times.append(1)\nif len(times) == 2:\n    "

# One revision that follows the one that makes the table `author`, and goes wrong in one way.
SLIPS = {
    "upgrade: fails on rows": Revision(
        "slip", sql("ALTER TABLE author ADD x text NOT NULL"), sql("ALTER TABLE author DROP x")
    ),
    "upgrade: a unique index on rows that are alike": Revision(
        "slip", sql("CREATE UNIQUE INDEX ix ON author ((1))"), sql("DROP INDEX ix")
    ),
    "roundtrip: an empty downgrade": Revision("slip", sql("ALTER TABLE author ADD x text")),
    "roundtrip: a downgrade that raises": Revision(
        "slip", sql("ALTER TABLE author ADD x text"), sql("ALTER TABLE author DROP y")
    ),
    "roundtrip: a downgrade that refuses": Revision(
        "slip", sql("ALTER TABLE author ADD x text"), "raise NotImplementedError('no way back')"
    ),
    "roundtrip: a downgrade that fails on rows": Revision(
        "slip", sql("ALTER TABLE author DROP name"), sql("ALTER TABLE author ADD name text NOT NULL")
    ),
    "roundtrip: a type that stays": Revision(
        "slip",
        sql("CREATE TYPE cover AS ENUM ('hard')", "ALTER TABLE author ADD cover cover"),
        sql("ALTER TABLE author DROP cover"),
    ),
    "roundtrip: another type of a column": Revision(
        "slip", sql("ALTER TABLE author ALTER born TYPE bigint", "CREATE TABLE x ()"), sql("DROP TABLE x")
    ),
    "roundtrip: an upgrade that does not run again": Revision("slip", f"{ONCE}{sql('SELECT 1/0')}", top="times = []"),
    "roundtrip: another catalog the second time": Revision(
        "slip",
        ONCE + sql("ALTER TABLE author ALTER name SET DEFAULT 'x'"),
        sql("ALTER TABLE author ALTER name DROP DEFAULT"),
        "times = []",
    ),
    "roundtrip: a row that stays": Revision("slip", sql("INSERT INTO author VALUES (77, 'x')")),
    "roundtrip: an index and its comment": Revision(
        "slip", sql("CREATE INDEX ix ON author (name)", "COMMENT ON TABLE author IS 'x'"), sql("DROP INDEX ix")
    ),
}
SOUND = {
    "sound ones on both sides": ([table("before")], [table("behind"), table("far_behind")]),
    "one behind it that drops its table": ([], [DROPS]),
}


def told(run: Run) -> Told:
    """Return what was found, without the folder in which the chain lies."""
    return {(one.check, one.revision, one.subject, one.message) for one in run.report.findings}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_the_findings_are_the_same_with(slip: Revision, judge_chain: Callable[..., Run]) -> None:
    alone = told(judge_chain(AUTHOR, slip))

    assert {revision for _, revision, *_ in alone} == {"slip"}
    for name, (before, behind) in SOUND.items():
        assert told(judge_chain(*in_order(before, slip, behind))) == alone, name


def in_order(before: Sequence[Revision], slip: Revision, behind: Sequence[Revision]) -> list[Revision]:
    """Return a chain in which sound revisions stand around the slip; the table stands first, as the slip needs it."""
    return [AUTHOR, *before, slip, *behind]


def test_a_sound_chain_that_ends_with_a_drop_has_no_findings(judge_chain: Callable[..., Run]) -> None:
    assert told(judge_chain(AUTHOR, table("behind"), DROPS)) == set()
