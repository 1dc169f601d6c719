"""`crash` and `modes` have a ✓ for what they have looked at alone; what could not be looked at fails a strict run, what a setting leaves out does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.checks import crash, modes
from pgharness.checks.check import Check
from pgharness.judging.judging import judge
from pgharness.judging.rules import Rules
from pgharness.plugin.items import _why_untried
from pgharness.records.chain_record import ChainRecord
from pgharness.records.crash import CrashRecord
from pgharness.records.modes import ModeRun, ModesRecord, OwnerRun, ScriptRun
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step
from pgharness.report.model import Cell, Report
from pgharness.report.text import remarks
from tests.harness.report.making import report_of

EMPTY = Snapshot({}, 180000)
FIRST, SECOND = Revision("0001", "a", "a.py", ()), Revision("0002", "b", "b.py", ("0001",))
WALKED = tuple(
    RevisionRecord(one, EMPTY, Step((Statement("SELECT 1", file=one.path, line=1),), 0.0, EMPTY))
    for one in (FIRST, SECOND)
)
RECORD = ChainRecord(Chain((FIRST, SECOND), ("0002",), ("0001",)), "public.alembic_version", WALKED, EMPTY)
CRASH = CrashRecord((), ())
MODES = ModesRecord(ModeRun(EMPTY))


def told(check: Check, record: ChainRecord) -> tuple[Report, list[Cell]]:
    """Return the report, and the cells of both revisions and of the chain."""
    result, _ = judge(record, [check], Rules())
    made = report_of(result)
    report = replace(made, chain=RECORD.chain, reached=frozenset({"0001", "0002"}))
    return report, [report.cell(result, one)[0] for one in (FIRST, SECOND, None)]


def test_what_was_looked_at_holds() -> None:
    for check, record in (
        (crash.CHECK, replace(RECORD, crash=CRASH)),
        (modes.CHECK, replace(RECORD, modes=MODES)),
    ):
        report, cells = told(check, record)

        assert cells == [Cell.HOLDS] * 3
        assert (report.notes, report.missed) == ((), ())


def test_a_revision_that_was_not_stopped_has_no_tick_and_its_note_says_why() -> None:
    left = replace(CRASH, untried=((SECOND, "more than 0 places (setting crash_stops)"),))

    report, cells = told(crash.CHECK, replace(RECORD, crash=left))

    assert cells == [Cell.HOLDS, Cell.UNTRIED, Cell.HOLDS]
    assert report.missed == ()
    assert [line for line in remarks(report) if "judged" in line] == []
    assert "setting crash_stops" in remarks(report)[-1]
    assert "setting crash_stops" in _why_untried(report, report.results[0], SECOND)


def test_revisions_that_could_not_be_stopped_are_not_checked() -> None:
    failed = replace(CRASH, untried=((SECOND, "no rows"),), failed="no rows")

    report, _ = told(crash.CHECK, replace(RECORD, crash=failed))

    assert [one.reason for one in report.missed] == ["no revision could be stopped and run again: no rows"]


def test_a_chain_whose_upgrades_were_not_made_to_meet_has_no_tick_of_its_own() -> None:
    report, cells = told(crash.CHECK, replace(RECORD, crash=replace(CRASH, unraced="env.py runs several times")))

    assert cells == [Cell.HOLDS, Cell.HOLDS, Cell.UNTRIED]
    assert report.missed == ()
    assert "no upgrades were made to meet: env.py runs several times" in remarks(report)[-1]


@pytest.mark.parametrize(
    "seen",
    [
        replace(MODES, left_out=("it was tried from 3 of 9 revisions",)),
        replace(MODES, owner=OwnerRun(untried="no role is made on a given server")),
        replace(MODES, script=ScriptRun(untried="env.py writes its script to files of its own")),
    ],
)
def test_a_chain_that_was_not_run_in_each_way_has_no_tick_of_its_own_and_a_note(seen: ModesRecord) -> None:
    report, cells = told(modes.CHECK, replace(RECORD, modes=seen))

    assert cells == [Cell.HOLDS, Cell.HOLDS, Cell.UNTRIED]
    assert len(report.notes) == 1
    assert report.missed == ()
