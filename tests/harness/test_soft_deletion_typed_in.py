"""Where rows are unique but for those that are marked as gone, the fix marks all but one and takes no row away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.report.fix_parts import parts_of
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

INDEX = 'CREATE UNIQUE INDEX one_live ON "user" (email) WHERE {}'
BACK = ("DROP INDEX one_live", 'ALTER TABLE "user" DROP gone_at')
USER = table('"user"', "id bigint PRIMARY KEY, email text, active boolean, note text")
ORDER = table("purchase", 'id bigint PRIMARY KEY, user_id bigint REFERENCES "user" (id)')


def _adds(where: str, typed: str = "") -> Revision:
    added = sql('ALTER TABLE "user" ADD gone_at timestamptz')
    return Revision("adds", "\n".join((added, typed, sql(INDEX.format(where)))), sql(*BACK))


def test_what_the_fix_marks_is_unique_then_and_no_row_is_gone(judge_chain: Callable[..., Run]) -> None:
    (found,) = judge_chain(USER, ORDER, _adds("gone_at IS NULL"), only=("upgrade", "data")).report.findings
    first, *_ = (one for one in parts_of(found.mend) if one.code)

    again = judge_chain(USER, ORDER, _adds("gone_at IS NULL", "\n".join(first.code)), only=("upgrade", "data"))

    assert found.code == "PGH-U002"
    assert "UPDATE" in "".join(first.code)
    assert "or keep one row of each first" in found.mend
    assert [(one.revision, one.code, one.message) for one in again.report.findings] == []


@pytest.mark.parametrize("where", ["note IS NULL", "active", "gone_at IS NULL OR active"])
def test_nothing_is_marked_where_the_condition_names_no_moment(where: str, judge_chain: Callable[..., Run]) -> None:
    (found,) = judge_chain(USER, ORDER, _adds(where), only=("upgrade",)).report.findings

    assert found.code == "PGH-U002"
    assert "now()" not in found.mend
