"""`modes` finds what a revision makes of rows by the time zone of its session, and says nothing of one that names the zone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pgharness.catalog.proposing.casts import cast, is_assigned
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

LOCAL = table("visit", "id int PRIMARY KEY, at timestamp, day date")
ZONED = table("visit", "id int PRIMARY KEY, at timestamptz, day date")
TO_ZONED = "ALTER TABLE visit ALTER at TYPE timestamptz"
TO_LOCAL = "ALTER TABLE visit ALTER at TYPE timestamp"
UTC = " USING at AT TIME ZONE 'UTC'"
SET = "SET LOCAL TIME ZONE 'UTC'"
CALL = "op.alter_column('visit', 'at', type_=sa.DateTime(timezone=True){})"
NEW = "ALTER TABLE visit ADD since timestamptz"
BY_ZONE = {
    "a type with a zone": (LOCAL, sql(TO_ZONED), "at"),
    "a type with a zone, by Alembic": (LOCAL, CALL.format(""), "at"),
    "a type without": (ZONED, sql(TO_LOCAL), "at"),
    "a day": (ZONED, sql("ALTER TABLE visit ALTER at TYPE date"), "at"),
    "the day of a moment": (ZONED, sql("UPDATE visit SET day = at::date"), "day"),
    "another column": (LOCAL, sql(NEW, "UPDATE visit SET since = at"), "since"),
}
SOUND = {
    "a type with a zone": (LOCAL, sql(TO_ZONED + UTC)),
    "a type with a zone, by Alembic": (LOCAL, CALL.format(", postgresql_using=\"at AT TIME ZONE 'UTC'\"")),
    "a type without": (ZONED, sql(TO_LOCAL + UTC)),
    "a zone for all": (LOCAL, sql(SET, TO_ZONED)),
    "another column": (LOCAL, sql(NEW, "UPDATE visit SET since = at AT TIME ZONE 'UTC'")),
    "a moment of now": (ZONED, sql("UPDATE visit SET at = now() WHERE at IS NULL")),
    "columns beside it": (ZONED, sql("UPDATE visit SET day = '2024-05-06' WHERE at IS NULL")),
}


@pytest.mark.parametrize(("before", "up", "column"), BY_ZONE.values(), ids=BY_ZONE.keys())
def test_what_goes_by_the_zone_of_the_session_is_found(
    before: Revision, up: str, column: str, judge_chain: Callable[..., Run]
) -> None:
    run = judge_chain(before, Revision("changes", up), only=("modes",))

    (found,) = run.report.findings
    assert (found.code, found.revision, found.subject) == ("PGH-M012", "changes", f"column public.visit.{column}")
    assert "AT TIME ZONE 'UTC'" in found.mend
    assert "versions/changes.py" in found.mend
    (code,) = re.findall(r"at the beginning of upgrade\(\) in \S+: (op\.execute\(.*?\));", found.mend)
    mended = Revision("changes", f"{code}\n{up}")
    assert judge_chain(before, mended, only=("modes",)).report.findings == ()


def test_the_zone_of_the_whole_revision_leaves_the_rows_and_that_of_the_statement_comes_with_its_allowance(
    judge_chain: Callable[..., Run],
) -> None:
    """Both ways are typed in, and no other check finds fault with them."""
    checks = ("modes", "locks", "upgrade", "roundtrip")

    def codes(top: str, up: str, down: str) -> list[str]:
        return [one.code for one in judge_chain(LOCAL, Revision("changes", up, down, top), only=checks).report.findings]

    (found,) = (
        one
        for one in judge_chain(LOCAL, Revision("changes", sql(TO_ZONED), sql(TO_LOCAL)), only=checks).report.findings
        if one.code == "PGH-M012"
    )
    whole, _, own = found.mend.partition("; or in place of line ")
    for_all = re.findall(r"op\.execute\(\".*?\"\)", whole)
    named, back = re.findall(r"op\.execute\(\".*?\"\)", own)
    allowed = re.findall(r"allow = \{.*?\}", own)

    assert codes("", f"{for_all[0]}\n{sql(TO_ZONED)}", f"{for_all[1]}\n{sql(TO_LOCAL)}") == []
    assert codes(allowed[0], named, back) == []


@pytest.mark.parametrize(("before", "up"), SOUND.values(), ids=SOUND.keys())
def test_nothing_is_found_where_the_zone_is_named_or_makes_no_difference(
    before: Revision, up: str, judge_chain: Callable[..., Run]
) -> None:
    run = judge_chain(before, Revision("changes", up), only=("modes",))

    assert run.report.findings == ()


def test_a_clock_without_its_zone_is_a_note(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(LOCAL, Revision("fills", sql("UPDATE visit SET at = now() WHERE at IS NULL")), only=("modes",))

    assert run.report.findings == ()
    assert any("public.visit.at gets the time of the session's TimeZone" in one.message for one in run.report.notes)


PROPOSED = {
    ("timestamp without time zone", "timestamp with time zone"): "at AT TIME ZONE 'UTC'",
    ("timestamp(3) with time zone", "timestamp(3) without time zone"): "at AT TIME ZONE 'UTC'",
    ("date", "timestamp with time zone"): "at::timestamp AT TIME ZONE 'UTC'",
    ("timestamp with time zone", "date"): "(at AT TIME ZONE 'UTC')::date",
}


@pytest.mark.parametrize("types", PROPOSED, ids=" to ".join)
def test_what_is_proposed_names_the_zone_itself(types: tuple[str, str]) -> None:
    assert not is_assigned(*types)
    assert cast("at", *types) == PROPOSED[types]
    assert is_assigned("timestamp without time zone", "date")
