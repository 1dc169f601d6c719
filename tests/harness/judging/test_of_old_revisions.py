"""What `locks` finds of revisions that were deployed long since is one note, unless somebody asks for it; no database is needed for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgharness.checks import locks
from pgharness.checks.check import Check, Compare
from pgharness.findings import CheckResult, Finding, Minor, Status
from pgharness.judging.accepted import Accepted
from pgharness.judging.judging import judge
from pgharness.judging.of_old_revisions import NEWEST
from pgharness.judging.rules import Rules
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain, Revision
from tests.harness.judging.test_judging import EMPTY


def judge_all(record: ChainRecord, _compare: Compare) -> Iterator[Finding]:
    for item in record.chain.revisions:
        yield Finding(locks.NAME, item.revision, "table public.t", "It waits.", "do not", code="PGH-W001")


LOCKS: Check = replace(locks.CHECK, judge=judge_all, needs=frozenset(), uses=frozenset(), only_of_standing=False)
OTHER: Check = replace(
    LOCKS, name="data", judge=lambda record, compare: (replace(one, check="data") for one in judge_all(record, compare))
)


BACK: Check = replace(
    LOCKS, judge=lambda record, compare: (Minor(locks.ON_THE_WAY_BACK, one) for one in judge_all(record, compare))
)


def chain(count: int, **more: Revision) -> Chain:
    """Return a line of revisions `r1`, `r2` …, and what else there is."""
    names = [f"r{place}" for place in range(1, count + 1)]
    line = [
        Revision(name, name, "", (before,) if before else ()) for name, before in zip(names, ["", *names], strict=False)
    ]
    revisions = (*line, *more.values())
    return Chain(revisions, (names[-1], *more), (names[0],))


def locks_of(made: Chain, rules: Rules, check: Check = LOCKS) -> CheckResult:
    """Judge, and return what came of the check."""
    return judge(ChainRecord(made, "public.alembic_version", (), EMPTY), (check,), rules)[0]


def test_only_revisions_upon_which_many_build_are_told_in_a_note() -> None:
    result = locks_of(chain(NEWEST + 2), Rules())

    assert [one.revision for one in result.findings] == [f"r{place}" for place in range(3, NEWEST + 3)]
    (note,) = result.notes
    assert note.message.startswith("2 findings of 2 old revisions")
    assert "PGH-W001 × 2" in note.message
    assert result.status is Status.FAILED


def test_a_short_chain_is_told_in_full() -> None:
    result = locks_of(chain(NEWEST), Rules())

    assert (len(result.findings), result.notes) == (NEWEST, ())


def test_a_new_branch_is_told_wherever_it_leaves_the_line() -> None:
    made = chain(NEWEST + 5, new=Revision("new", "new", "", ("r1",)))

    assert "new" in {one.revision for one in locks_of(made, Rules()).findings}


@pytest.mark.parametrize(
    "rules",
    [Rules(strict=frozenset({"old locks"})), Rules(since="r1")],
    ids=["strict", "since"],
)
def test_nothing_is_folded_where_somebody_asks(rules: Rules) -> None:
    result = locks_of(chain(NEWEST + 2), rules)

    assert len(result.findings) == NEWEST + 2 - (rules.since is not None)
    assert result.notes == ()


def test_the_same_is_found_whether_the_check_is_asked_for_by_name_or_made_among_all() -> None:
    made = chain(NEWEST + 2)
    by_default = locks_of(made, Rules())
    accepted = frozenset(entry for one in by_default.findings for entry in Accepted.of(one))

    for rules in (Rules(), Rules(accepted=accepted)):
        by_name = locks_of(made, replace(rules, asked=frozenset({"locks"})))
        assert (by_name.findings, by_name.accepted, by_name.notes) == (
            (result := locks_of(made, rules)).findings,
            result.accepted,
            result.notes,
        )


def test_what_other_checks_find_stays() -> None:
    assert len(locks_of(chain(NEWEST + 2), Rules(), OTHER).findings) == NEWEST + 2


def test_what_an_old_revision_allows_is_used_all_the_same() -> None:
    made = chain(NEWEST + 2)
    made = replace(made, revisions=(replace(made.revisions[0], allow={"locks": "it was night"}), *made.revisions[1:]))

    locked, declared = judge(ChainRecord(made, "public.alembic_version", (), EMPTY), (LOCKS,), Rules())

    assert locked.notes[0].message.startswith("1 finding of an old revision, upon which")
    assert declared.findings == ()


def test_what_old_revisions_hold_on_the_way_down_is_counted_in_the_same_note() -> None:
    result = locks_of(chain(NEWEST + 2), Rules(), BACK)

    assert [one.revision for one in result.notes[:-1]] == [f"r{place}" for place in range(3, NEWEST + 3)]
    assert result.notes[-1].message.startswith("2 notes of the way down of 2 old revisions")
