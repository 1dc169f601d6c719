"""Texts that the code of a revision reads are like what it reads them as, where the error tells what that is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, table

EVENT = table("event", "id int PRIMARY KEY, body text, kind varchar(20)")
READS = "for (one,) in op.get_bind().execute(sa.text('SELECT body FROM event WHERE body IS NOT NULL')):\n    "
READERS = {
    "JSON": "import json; assert isinstance(json.loads(one), (dict, list, str, int, bool, type(None)))",
    "a moment": "import datetime; datetime.datetime.fromisoformat(one)",
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
