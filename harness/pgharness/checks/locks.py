"""No statement keeps readers or writers of a table waiting while it works on rows, and none waits for a lock without a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.names import unqualified
from pgharness.checks.check import Check, Compare
from pgharness.checks.locks_between import judge_between, own_transactions
from pgharness.describing.never_null import mend_null
from pgharness.describing.rows_at_fault import lines_end
from pgharness.findings import Finding, Harm, Minor, Note, Repeated, Together
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord
from pgharness.records.revisions import Revision
from pgharness.records.sizes import SizesRecord
from pgharness.records.trace import HeldLock, Trace, TracedStatement
from pgharness.trace.estimating import Estimate, estimate_under, rows_in_words
from pgharness.trace.estimating import in_words as estimate_in_words
from pgharness.trace.fixes.actions import fails_on_any_row
from pgharness.trace.fixes.writing import BLOCK, THEN, sql_of
from pgharness.trace.hazards import HELD_OVER, INDEX_BUILD, NO_LIMIT, REVERSIBLE, REWRITE, Hazard, hazard_of
from pgharness.trace.lock_modes import in_words
from pgharness.trace.meeting import late_limits
from pgharness.trace.occurrences import ONLY_ASKS, Occurrence, blocking_locks, work_under_locks
from pgharness.trace.telling import counted, doing, in_one_line

NAME = "locks"
MINOR = "lock timeout"
ON_THE_WAY_BACK = "downgrade locks"
ONE_FOR_ALL = (
    "without it `alembic upgrade head` runs all revisions in one transaction, which holds each lock to its end"
)
_DROPS_TYPE = re.compile(r"\A\s*DROP\s+(?:TYPE|DOMAIN)\b", re.IGNORECASE)
# What is said of all such work of one revision.
_WORK = {
    "builds": "builds indexes of a table",
    "rewrites": "writes a table anew",
    "moves": "copies the files of a table",
    "verifies": "looks through all rows of a table",
    "validates": "validates constraints over all rows of a table",
    "reads": "reads the rows of a table",
    "writes": "writes the rows of a table",
}


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Minor | Note | Repeated | Together]:
    """Judge the trace of each upgrade and downgrade that passed; that no limit is in force is told once."""
    for revision, direction, trace in _traces(record):
        for one in work_under_locks(trace):
            if direction == "upgrade" and _is_where_null_fails(record, revision, one):
                yield from _told_by_upgrade(record, one, _told(revision, direction, trace, one, record), revision)
                continue
            told = _told(revision, direction, trace, one, record)
            is_the_way_back = direction == "downgrade" and hazard_of(one) not in REVERSIBLE
            yield Minor(ON_THE_WAY_BACK, told) if is_the_way_back and isinstance(told, Finding) else told
        yield from _judge_late_limit(revision, direction, trace)
    if record.deployment is not None and record.deployment.is_one_transaction:
        yield from judge_between(record, record.deployment)
    yield from _judge_limit(record)


def _traces(record: ChainRecord) -> Iterator[tuple[Revision, str, Trace]]:
    for item in record.revisions:
        for direction, step in (("upgrade", item.upgrade), ("downgrade", item.downgrade)):
            if step is not None and step.failure is None and step.trace is not None:
                yield item.revision, direction, step.trace


def _is_where_null_fails(record: ChainRecord, revision: Revision, one: Occurrence) -> bool:
    """Whether the line that sends a statement sends one that fails where NULL is: what `upgrade` says to type in its place looks through no rows."""
    item = record.record_of(revision.revision)
    failure = item.upgrade_rows_failure if item is not None else None
    sent = one.statement.statement
    return (
        failure is not None
        and failure.sqlstate == "23502"
        and bool(sent.line)
        and sent.line == failure.line_in(sent.file)
    )


def _told_by_upgrade(
    record: ChainRecord, one: Occurrence, told: Finding | Note, revision: Revision
) -> Iterator[Note | Repeated]:
    """Yield what is told where `upgrade` does not; nothing of what is allowed to fail on any row, so that it meets none."""
    if "upgrade" in revision.allow and fails_on_any_row(sql_of(one)):
        return
    if isinstance(told, Note):
        yield told
        return
    item = record.record_of(revision.revision)
    assert item is not None
    assert item.upgrade_rows_failure is not None
    done = item.upgrade
    fix = mend_null(item.upgrade_rows_failure, revision.path, item.before, done.snapshot, done.statements)
    same = replace(told, mend=f"{fix}{lines_end(fix)}{_declared()}") if fix else told
    yield Repeated("upgrade", same, f"upgrade of {revision.label}")


def _declared() -> str:
    return f'or declare allow = {{"{NAME}": "<why it may wait>"}} in the revision'


def _told(revision: Revision, direction: str, trace: Trace, one: Occurrence, record: ChainRecord) -> Finding | Note:
    """Return the finding, with what it comes to at production's size where that is known; of small tables a note.

    What a revision allows has to be found with a profile as without, or the allowance would be told as unused.
    """
    hazard = hazard_of(one)
    fix = hazard.fix(one, _met(revision, direction, record)) if hazard.fix else hazard.good
    fix += _what_follows(revision, trace, one) if hazard is HELD_OVER and one.work.doing == "writes" else ""
    fix += _types_dropped(revision, trace, one) if hazard is REWRITE and THEN in fix else ""
    fix = f"{_place(trace, one, fix)}{fix}"
    finding = _finding(revision, direction, trace, one, f"{fix}{_between_revisions(record.deployment, hazard, fix)}")
    sizes = record.sizes
    if sizes is None:
        return finding
    estimate = estimate_under(one.lock, trace, one.place, sizes)
    if not estimate.is_small or NAME in revision.allow:
        return replace(finding, message=f"{finding.message}{_at_size(estimate, one, sizes)}")
    return Note(
        NAME,
        revision.revision,
        f"{direction}(): {in_one_line(one.statement)} {doing(one.work)} while {in_words(one.lock.mode, one.lock.kind)}; in production these are "
        f"{rows_in_words(estimate.rows)} rows (a finding from small_table_rows = {sizes.small_table_rows:,})",
    )


def _place(trace: Trace, one: Occurrence, fix: str) -> str:
    """Return what a fix stands in place of, where it begins with code: a line of the revision, or of a loop or a batch, one of its statements."""
    sent = one.statement.statement
    if not fix.startswith(("op.", BLOCK)) or not sent.line:
        return ""
    alike = (other.statement for other in trace.statements if not ONLY_ASKS.match(other.statement.sql))
    of_line = sum((other.file, other.line) == (sent.file, sent.line) for other in alike)
    what = f"line {sent.line} of {sent.file}"
    return f"in place of {what}: " if of_line < 2 else f"in place of this one of {of_line} statements of {what}: "


def _what_follows(revision: Revision, trace: Trace, one: Occurrence) -> str:
    """Return which statements behind the work are about its table, such as what drops the column that is copied: they have to come later still."""
    name = re.compile(rf"(?<![\w\"]){re.escape(unqualified(one.work.relation))}(?![\w\"])")
    lines = _lines_behind(revision, trace, one, name)
    if not lines:
        return ""
    return f"; and what {'line' if len(lines) == 1 else 'lines'} {' and '.join(lines)} {'sends' if len(lines) == 1 else 'send'} behind it, in one after it"


def _types_dropped(revision: Revision, trace: Trace, one: Occurrence) -> str:
    """Return which statements behind a change of type drop a type, which the column has until the last of its revisions."""
    lines = _lines_behind(revision, trace, one, _DROPS_TYPE)
    if not lines:
        return ""
    named = f"{'line' if len(lines) == 1 else 'lines'} {' and '.join(lines)} {'drops' if len(lines) == 1 else 'drop'}"
    return f"; and what {named}, which the column has until then, at the end of the last of them"


def _lines_behind(revision: Revision, trace: Trace, one: Occurrence, sends: re.Pattern[str]) -> list[str]:
    """Return the lines of the revision that send such statements behind the work."""
    own = (traced.statement for traced in trace.statements[one.place + 1 :] if traced.statement.file == revision.path)
    return list(dict.fromkeys(str(sent.line) for sent in own if sent.line and sends.search(sent.sql)))


def _met(revision: Revision, direction: str, record: ChainRecord) -> Snapshot:
    """Return the catalog that a step met."""
    item = record.record_of(revision.revision)
    assert item is not None
    after = item.upgrade.snapshot
    return after if direction == "downgrade" and after is not None else item.before


def _at_size(estimate: Estimate, one: Occurrence, sizes: SizesRecord) -> str:
    lock = one.lock
    if not estimate.rows and estimate.unknown:
        return f" How long is not known: the profile has no size of {', '.join(estimate.unknown)}."
    blocked = in_words(lock.mode, lock.kind).removesuffix(" wait")
    return f" At production's size it blocks {blocked} on {lock.relation} for {estimate_in_words(estimate, sizes)}."


def _between_revisions(deployment: DeploymentRecord | None, hazard: Hazard, fix: str) -> str:
    """Return what lets the lock go between the revisions of a fix; nothing where env.py does, or the fix ends the transaction itself."""
    run = deployment.runs[-1] if deployment is not None and deployment.runs else None
    if hazard is INDEX_BUILD or "revision" not in fix:
        return ""
    apart = own_transactions(deployment)
    if run is not None and run.in_transaction:
        return f"; and {apart}, for as it is, one holds each lock to its end"
    is_apart = run is not None and run.options.get("transaction_per_migration")
    return "" if is_apart else f"; and {apart}, for {ONE_FOR_ALL}"


def _finding(revision: Revision, direction: str, trace: Trace, one: Occurrence, mend: str) -> Finding:
    lock = one.lock
    taken = "" if not one.is_held_over else f", which {in_one_line(trace.statements[lock.taken_by])} took,"
    return Finding(
        NAME,
        revision.revision,
        f"{lock.kind} {lock.relation}",
        f"{direction}() holds {lock.mode} on {lock.relation}{taken} while {in_one_line(one.statement)} {doing(one.work)}: "
        f"{in_words(lock.mode, lock.kind)}, the longer the more rows there are.",
        f"{mend}; {_declared()}",
        evidence(one.statement),
        one.statement.statement.line or None,
        code=hazard_of(one).code,
        cause=f"{direction}() {_WORK[one.work.doing]} while it keeps those waiting who read or write it, in several statements or of several tables.",
    )


def evidence(traced: TracedStatement) -> str:
    """Return the statement, the locks that are held when it has ended, and the work."""
    locks = ", ".join(f"{lock.mode} on {lock.relation}" for lock in blocking_locks(traced))
    works = ", ".join(dict.fromkeys(counted(work) for work in traced.works))
    return f"{traced.statement.sql.strip()}\nlocks: {locks}\nwork: {works}"


def _judge_late_limit(revision: Revision, direction: str, trace: Trace) -> Iterator[Finding]:
    """Yield where a revision, or env.py, sets a limit, and a statement takes its lock without."""
    for place, lock in late_limits(trace):
        one = trace.statements[place]
        yield Finding(
            NAME,
            revision.revision,
            f"{lock.kind} {lock.relation}",
            f"{direction}() takes {lock.mode} on {lock.relation} with {in_one_line(one)} while no lock_timeout is in force, though one is set "
            f"elsewhere: it waits without end behind the longest transaction, and all who come later wait behind it.",
            f"at the beginning of {direction}(): op.execute(\"SET LOCAL lock_timeout = '5s'\")",
            evidence(one),
            one.statement.line or None,
            code=NO_LIMIT.code,
        )


def _judge_limit(record: ChainRecord) -> Iterator[Minor]:
    """Tell of each revision whose locks nobody limits the wait for; production itself may, by the profile. As a note it is told once."""
    if record.sizes is not None and record.sizes.profile.number("lock_timeout"):
        return
    for revision, direction, trace in _traces(record):
        if (
            direction == "upgrade"
            and not trace.lock_timeout_ms
            and not any(one.lock_timeout_ms for one in trace.statements)
        ):
            for lock, one in _first_of_each_relation(trace):
                yield Minor(MINOR, _unlimited(revision, lock, one), is_told_once=True)


def _first_of_each_relation(trace: Trace) -> Iterator[tuple[HeldLock, TracedStatement]]:
    """Yield for each relation the first lock on it for which a service waits, with the statement that took it."""
    told = set[str]()
    for one in trace.statements:
        for lock in blocking_locks(one):
            if lock.relation not in told:
                told.add(lock.relation)
                yield lock, one


def _unlimited(revision: Revision, lock: HeldLock, one: TracedStatement) -> Finding:
    return Finding(
        NAME,
        revision.revision,
        f"{lock.kind} {lock.relation}",
        f"upgrade() takes {lock.mode} on {lock.relation} with {in_one_line(one)} while no lock_timeout is in force: it waits without end behind a "
        "long transaction, and all who come later wait behind it.",
        'in env.py, where the engine is made: connect_args={"options": "-c lock_timeout=5s"} '
        '(asyncpg: connect_args={"server_settings": {"lock_timeout": "5s"}}); and run an upgrade again that ends with SQLSTATE 55P03; '
        f'or declare allow = {{"{NAME}": "<why it may wait>"}} in the revision',
        evidence(one),
        one.statement.line or None,
        code="PGH-W009",
        cause="upgrade() takes locks for which a service waits while no lock_timeout is in force.",
    )


CHECK = Check(
    name=NAME,
    harm=Harm.SERVICE,
    claim="no statement keeps readers or writers of a table waiting while it works on its rows",
    reason="On a table of millions of rows such a statement is an outage of minutes; on the few rows of a test nobody sees it.",
    mend="do the work without the lock: concurrently, NOT VALID and then validated, or in pieces",
    judge=judge,
    needs=frozenset({"trace", "roundtrips"}),
    uses=frozenset({"sizes"}),
    only_of_standing=True,
)
