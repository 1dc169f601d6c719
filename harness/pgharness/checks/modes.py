"""The chain comes to the same end, however it is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from pgharness.catalog.diff import Difference
from pgharness.checks.check import Check, Compare
from pgharness.checks.modes_offline import judge_script
from pgharness.checks.modes_orders import judge_orders
from pgharness.checks.modes_owner import judge_owner
from pgharness.checks.modes_sessions import judge_sessions
from pgharness.checks.modes_told import NAME, charged_by_origin, is_told, label_of, other_end, other_ends
from pgharness.checks.modes_zones import judge_zones
from pgharness.describing.advice import advice
from pgharness.describing.differences import Told, failure_evidence, failure_in_words
from pgharness.describing.writer import last_write
from pgharness.findings import Finding, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import ModeRun, ModesRecord
from pgharness.records.steps import Failure

IN_MEMORY = "let it take what it needs from the database alone: not from memory, a temporary table or a setting that an earlier revision left"
OWN_TRANSACTION = (
    "give each revision a transaction of its own: context.configure(…, transaction_per_migration=True) in env.py"
)


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge each way by itself; a cause that `upgrade` tells is not told again."""
    modes = record.modes
    assert modes is not None
    yield from _judge_apart(record, modes, compare)
    yield from _judge_starts(record, modes, compare)
    yield from _judge_transactions(record, modes, compare)
    yield from judge_sessions(record, modes)
    yield from judge_zones(record)
    yield from judge_script(record, modes.script, compare)
    yield from judge_owner(record, modes.owner)
    yield from judge_orders(record, modes.orders, compare)
    if modes.left_out:
        yield Note(NAME, None, "; ".join(modes.left_out))


def _judge_apart(record: ChainRecord, modes: ModesRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    run = modes.apart
    how = "each revision in a process of its own"
    if run.failure is not None:
        if not is_told(record, run.revision, run.failure):
            yield _failed(record, run, run.failure, f"It fails with {how}", IN_MEMORY, code="PGH-M001")
    elif run.snapshot is not None and other_end(record, run.snapshot, compare):
        yield from _judge_parting(record, modes, compare)


def _judge_parting(record: ChainRecord, modes: ModesRecord, compare: Compare) -> Iterator[Finding | Minor]:
    """Charge the first revision after which the catalogs differ with how they differ there."""
    for item in record.revisions:
        here, walked = modes.apart_at.get(item.revision.revision), item.upgrade.snapshot
        if here is not None and walked is not None and compare(walked, here):
            yield from other_ends(
                compare(walked, here),
                _always(item.revision.revision),
                names=("a process with those before it", "a process of its own"),
                how="Run in a process of its own, it leads to another catalog.",
                fix=IN_MEMORY,
                code="PGH-M002",
            )
            return


def _judge_starts(record: ChainRecord, modes: ModesRecord, compare: Compare) -> Iterator[Finding | Minor]:
    """Judge the upgrades straight to the heads; those that fail for one reason are told as one."""
    failed = [run for run in modes.starts if run.failure is not None]
    for _, group in groupby(sorted(failed, key=_cause), key=_cause):
        runs = list(group)
        failure = runs[0].failure
        assert failure is not None
        is_told_apart = modes.apart.failure is not None and modes.apart.revision == runs[0].revision
        if not is_told_apart and not is_told(record, runs[0].revision, failure):
            yield _failed(
                record, runs[0], failure, f"{_straight(record, runs)} fails there", _fix(record), code="PGH-M003"
            )
    for run in modes.starts:
        differences = _other_end(record, modes, run, compare)
        if differences:
            yield from other_ends(
                differences,
                lambda told: charged_by_origin(record, told),
                names=("one revision at a time", "straight to the heads"),
                how=f"{_straight(record, [run])} ends in another catalog.",
                fix=IN_MEMORY,
                code="PGH-M004",
            )
            return


def _judge_transactions(record: ChainRecord, modes: ModesRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge the manner of transactions that env.py has not; that a chain needs its own, which env.py names, is no fault of it."""
    if modes.transactions is None:
        return
    run, per_migration = modes.transactions.run, modes.transactions.per_migration
    how = "each revision in a transaction of its own" if per_migration else "all revisions in one transaction"
    failure = run.failure
    differences = _other_end(record, modes, run, compare)
    if not per_migration:
        is_alike = record.deployment is not None and record.deployment.failure is not None
        if not is_alike and (failure is not None or differences):
            seen = failure_in_words(failure) if failure is not None else "it ends in another catalog"
            where = f" at {label_of(record, run.revision)}" if failure is not None else ""
            yield Note(
                NAME,
                run.revision,
                f"the chain needs transaction_per_migration=True, which env.py gives: with {how}, {seen}{where}",
            )
    elif failure is not None and not is_told(record, run.revision, failure):
        yield _failed(
            record, run, failure, f"It fails with {how}, as where it is deployed by itself", IN_MEMORY, code="PGH-M005"
        )
    else:
        yield from other_ends(
            differences,
            lambda told: charged_by_origin(record, told),
            names=("one revision at a time", how),
            how=f"With {how} the chain ends in another catalog.",
            fix=IN_MEMORY,
            code="PGH-M004",
        )


def _other_end(record: ChainRecord, modes: ModesRecord, run: ModeRun, compare: Compare) -> tuple[Difference, ...]:
    """Return how a way ends otherwise, unless processes of their own do so already: that is told with its revision."""
    if run.snapshot is None or modes.apart_at:
        return ()
    return other_end(record, run.snapshot, compare)


def _always(revision: str | None) -> Callable[[Told], str | None]:
    """Return what charges one revision with everything."""
    return lambda _told: revision


def _straight(record: ChainRecord, runs: Sequence[ModeRun]) -> str:
    """Return what was run, and from where: at most the first and the last of several starts."""
    labels = [label_of(record, run.start) for run in runs]
    starts = labels[0] if len(labels) == 1 else f"{labels[0]}, and of {len(labels) - 1} other revisions,"
    rows = " that holds rows" if runs[0].has_rows else ""
    return f"An upgrade straight to the heads of a database at {starts}{rows}"


def _cause(run: ModeRun) -> tuple[str, str, str]:
    failure = run.failure
    assert failure is not None
    return run.revision or "", failure.sqlstate or "", failure.error


def _fix(record: ChainRecord) -> str:
    runs = record.deployment.runs if record.deployment is not None else ()
    is_apart = bool(runs) and bool(runs[-1].options.get("transaction_per_migration"))
    return (
        "let it pass on the rows that a database has which skips the releases in between"
        if is_apart
        else OWN_TRANSACTION
    )


def _failed(record: ChainRecord, run: ModeRun, failure: Failure, what: str, otherwise: str, *, code: str) -> Finding:
    item = record.record_of(run.revision or "")
    return Finding(
        NAME,
        run.revision,
        f"upgrade of {label_of(record, run.revision)}",
        f"{what}: {failure_in_words(failure)}",
        _checked_first(record, run, failure) or advice(failure, otherwise),
        failure_evidence(failure),
        failure.line_in(item.revision.path) if item is not None else None,
        code=code,
    )


def _checked_first(record: ChainRecord, run: ModeRun, failure: Failure) -> str:
    """Say where rows wait for their deferred triggers, and what checks them there; empty where that is not it, or not known."""
    pending = re.search(r'"(.+)" because it has pending trigger events', failure.message)
    written = last_write(record, pending[1], run.revision) if pending is not None else None
    if written is None or not written[1].line:
        return ""
    item, statement = written
    return (
        f"let the rows be checked where they are written, behind line {statement.line} of {item.revision.path}: "
        f'op.execute("SET CONSTRAINTS ALL IMMEDIATE"); or {OWN_TRANSACTION}'
    )


def tried(record: ChainRecord) -> frozenset[str]:
    """Return the revisions that ran each in a process of its own, and whose script could be written."""
    reached = frozenset(item.revision.revision for item in record.revisions)
    modes = record.modes
    if modes is None:
        return reached
    return reached - modes.in_company - ({modes.script.revision} if modes.script.refusal is not None else set())


def whole(record: ChainRecord) -> bool:
    """Whether each way was tried, from each revision: no budget, no lack of the server and no revision without script has left anything out."""
    modes = record.modes
    return modes is not None and not (
        modes.left_out or modes.owner.untried or modes.script.untried or modes.script.refusal is not None
    )


CHECK = Check(
    name=NAME,
    claim="the chain comes to the same end however it is run: in one process or many, from every revision, as SQL, by a plain role, in any order of branches, in any time zone",
    reason="Production skips releases, runs each revision in a process of its own, and seldom as a superuser.",
    mend="let each revision depend on the database alone, and leave its session as it found it",
    judge=judge,
    compares=True,
    needs=frozenset({"modes"}),
    uses=frozenset({"zones"}),
    tried=tried,
    whole=whole,
    tells_untried=True,
    skip_reason="not checked: modes_budget is 0, the baseline has all revisions of the chain, or the chain cannot be run twice on the given server",
)
