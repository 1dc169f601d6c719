"""`data` finds what a coarser type rounds away on rows that pgharness has made by itself, and nothing of a type that holds it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

COARSER = {
    "numeric(10,2)": "integer",
    "numeric(3,5)": "numeric(3,4)",
    "numeric(4,-2)": "numeric(4,-3)",
    "numeric(20,8)": "double precision",
    "numeric": "bigint",
    "double precision": "real",
    "timestamptz": "date",
    "timestamp": "timestamp(3)",
    "time": "time(0)",
    "interval": "interval hour to minute",
}
AS_FINE = {
    "numeric(10,2)": "numeric(12,2)",
    "numeric(3,5)": "numeric",
    "numeric(4,-2)": "bigint",
    "numeric(20,8)": "numeric",
    "numeric": "text",
    "double precision": "numeric",
    "timestamptz": "timestamptz(6)",
    "timestamp": "timestamp(6)",
    "time": "interval",
    "interval": "interval(6)",
}


def test_what_a_coarser_type_rounds_away_is_found(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(TABLE, _changing(COARSER), only=("upgrade", "data"))

    found = {one.subject for one in run.report.findings if one.code in ("PGH-V001", "PGH-V003")}
    assert found == {f"column public.measure.c{number}" for number in range(len(COARSER))}


def test_nothing_is_found_of_a_type_that_holds_it_all(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(TABLE, _changing(AS_FINE), only=("upgrade", "data"))

    assert [one for one in run.report.findings if one.code in ("PGH-V001", "PGH-V003")] == []


TABLE = table("measure", ", ".join(["id bigint PRIMARY KEY", *(f"c{n} {one}" for n, one in enumerate(COARSER))]))


def _changing(types: Mapping[str, str]) -> Revision:
    """Write a revision that changes each column's type, and back."""
    up = [f"ALTER TABLE measure ALTER c{n} TYPE {one} USING c{n}::{one}" for n, one in enumerate(types.values())]
    down = [f"ALTER TABLE measure ALTER c{n} TYPE {one} USING c{n}::{one}" for n, one in enumerate(types)]
    return Revision("changes", sql(*up), sql(*down))


TAGS = table("post", "id bigint PRIMARY KEY, tags text[], host inet")
FIRST = Revision(
    "first",
    sql(
        "ALTER TABLE post ALTER tags TYPE text USING tags[1]", "ALTER TABLE post ALTER host TYPE text USING host(host)"
    ),
    sql(
        "ALTER TABLE post ALTER tags TYPE text[] USING ARRAY[tags]",
        "ALTER TABLE post ALTER host TYPE inet USING host::inet",
    ),
)
ALL = Revision(
    "all",
    sql("ALTER TABLE post ALTER tags TYPE text USING tags::text", "ALTER TABLE post ALTER host TYPE text"),
    sql(
        "ALTER TABLE post ALTER tags TYPE text[] USING tags::text[]",
        "ALTER TABLE post ALTER host TYPE inet USING host::inet",
    ),
)


def test_further_elements_of_an_array_and_the_mask_of_a_network_are_found_lost(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(TAGS, FIRST, only=("upgrade", "data"))

    assert [one.subject for one in run.report.findings] == ["column public.post.tags", "column public.post.host"]


def test_nothing_is_found_where_the_text_holds_them(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(TAGS, ALL, only=("upgrade", "data"))

    assert run.report.findings == ()
