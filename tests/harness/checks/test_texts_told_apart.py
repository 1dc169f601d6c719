"""`data` finds what a revision loses of texts that pgharness has made by itself: all, further words, capitals, blanks; a sound one loses none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

PERSON = table("person", "id bigint PRIMARY KEY, name text")
LOSING = {
    "words behind the second": Revision(
        "splits",
        sql(
            "ALTER TABLE person ADD first text, ADD last text",
            "UPDATE person SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2)",
            "ALTER TABLE person DROP name",
        ),
        sql(
            "ALTER TABLE person ADD name text",
            "UPDATE person SET name = first || ' ' || last",
            "ALTER TABLE person DROP first, DROP last",
        ),
    ),
    "all of it": Revision("drops", sql("ALTER TABLE person DROP name"), sql("ALTER TABLE person ADD name text")),
    "capitals": Revision("lowers", sql("UPDATE person SET name = lower(name)")),
    "blanks": Revision("trims", sql("UPDATE person SET name = regexp_replace(name, ' +', ' ', 'g')")),
}
SPLITS = Revision(
    "splits",
    sql(
        "ALTER TABLE person ADD first text, ADD rest text",
        "UPDATE person SET first = split_part(name, ' ', 1), rest = substr(name, length(split_part(name, ' ', 1)) + 1)",
        "ALTER TABLE person DROP name",
    ),
    sql(
        "ALTER TABLE person ADD name text",
        "UPDATE person SET name = first || rest",
        "ALTER TABLE person DROP first, DROP rest",
    ),
)


@pytest.mark.parametrize("losing", LOSING.values(), ids=LOSING.keys())
def test_what_is_lost_of_texts_is_found(losing: Revision, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(PERSON, losing, only=("upgrade", "data"))

    assert [one.subject for one in run.report.findings] == ["column public.person.name"]


def test_nothing_is_found_of_texts_that_come_back_whole(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(PERSON, SPLITS, only=("upgrade", "data"))

    assert run.report.findings == ()
