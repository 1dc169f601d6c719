"""Texts that the code of a revision reads are like what it reads them as, where the error tells what that is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, table

EVENT = table("event", "id int PRIMARY KEY, body text, kind varchar(40)")
READS = "for (one,) in op.get_bind().execute(sa.text('SELECT body FROM event WHERE body IS NOT NULL')):\n    "
READERS = {
    "JSON": "import json; assert isinstance(json.loads(one), (dict, list, str, int, bool, type(None)))",
    "a moment": "import datetime; datetime.datetime.fromisoformat(one)",
    "a day": "import datetime; datetime.date.fromisoformat(one)",
    "a decimal number": "import decimal; decimal.Decimal(one)",
    "a whole number": "int(one)",
    "a number": "float(one)",
    "a UUID": "import uuid; uuid.UUID(one)",
}
KINDS = (
    "t = sa.table('event', sa.column('kind', sa.Enum('new', 'old', name='kind', native_enum=False)))\n"
    "op.get_bind().execute(sa.select(t.c.kind)).all()"
)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_a_revision_that_reads_texts_as_what_they_are_meant_to_hold_passes(
    reader: str, judge_chain: Callable[..., Run]
) -> None:
    run = judge_chain(EVENT, Revision("reads", f"{READS}{reader}"), only=("upgrade",))

    assert run.report.findings == ()
    assert run.record.revisions[-1].upgrade_rows_failure is None


def test_a_revision_that_reads_labels_of_an_enum_that_is_no_type_passes(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(EVENT, Revision("reads", KINDS), only=("upgrade",))

    assert run.report.findings == ()


def test_a_revision_that_takes_texts_for_more_than_they_hold_is_found(judge_chain: Callable[..., Run]) -> None:
    splits = f"{READS}first, last = one.split('|')"

    run = judge_chain(EVENT, Revision("splits", splits), only=("upgrade",))

    assert [one.code for one in run.report.findings] == ["PGH-U002"]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_upgrades_at_once_and_the_release_before_meet_such_texts_too(
    reader: str, judge_chain: Callable[..., Run]
) -> None:
    event = Revision(
        "event",
        "op.execute('CREATE TABLE event (id int PRIMARY KEY, body text)')",
        "op.execute('DROP TABLE event')",
    )
    writes = (
        "for id, one in op.get_bind().execute(sa.text('SELECT id, body FROM event WHERE body IS NOT NULL')).all():\n"
        f"    {reader}\n    op.get_bind().execute(sa.text('UPDATE event SET body = body WHERE id = :id'), {{'id': id}})"
    )

    run = judge_chain(event, Revision("writes", writes), only=("upgrade", "crash", "compat"))

    assert run.report.findings == ()


def test_plain_rows_tell_capitals_and_words_too(judge_chain: Callable[..., Run]) -> None:
    lowers = (
        "op.execute('UPDATE event SET body = lower(body)')\nop.execute('ALTER TABLE event ALTER kind SET NOT NULL')"
    )

    run = judge_chain(
        EVENT,
        Revision("lowers", lowers, "op.execute('ALTER TABLE event ALTER kind DROP NOT NULL')"),
        only=("upgrade", "data"),
    )

    assert [one.code for one in run.report.findings] == ["PGH-U002", "PGH-V001"]


def test_columns_that_one_query_reads_are_told_apart_by_the_line_that_fails(judge_chain: Callable[..., Run]) -> None:
    reads = (
        "import decimal, uuid\n"
        "for row in op.get_bind().execute(sa.text('SELECT body, kind FROM event WHERE body <> kind')).all():\n"
        "    uuid.UUID(row.body)\n    decimal.Decimal(row.kind)"
    )

    run = judge_chain(EVENT, Revision("reads", reads), only=("upgrade",))

    assert run.report.findings == ()
