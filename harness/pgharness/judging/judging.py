"""Judges a chain's record by the checks that are wanted, minding what people declared and what is to be judged at all."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import RELATION_KINDS, Snapshot
from pgharness.checks import locks, upgrade
from pgharness.checks.check import Check, Claim, Compare
from pgharness.findings import OUT_OF_REACH, CannotRun, CheckResult, Finding, Note, Status
from pgharness.judging.accepted import Accepted, judge_accepted, without_accepted
from pgharness.judging.behind_failing import without_unknown
from pgharness.judging.declarations import (
    DECLARATIONS,
    Made,
    judge_allowed_indices,
    judge_declarations,
    without_allowed,
)
from pgharness.judging.ignore_rules import Comparer, judge_ignore_rules
from pgharness.judging.judge_faults import judge_guarded
from pgharness.judging.of_old_revisions import fold, old_revisions
from pgharness.judging.registry import CHECKS, is_ours
from pgharness.judging.rules import Rules
from pgharness.judging.short_paths import with_short_paths
from pgharness.judging.weighing import Said, Weighing
from pgharness.judging.with_imports import with_imports
from pgharness.kinds import kinds_of
from pgharness.records.chain_record import ChainRecord
from pgharness.records.moments import of_the_moment
from pgharness.settings import nearest


def wanted_checks(only: Sequence[str], skip: Sequence[str], known: Sequence[Check] = CHECKS) -> tuple[Check, ...]:
    """Return the checks to make, of those that are known. Raises CannotRun for a name that is none.

    `declarations` can be named too, and makes no difference: declarations are always judged.
    """
    names = [claim.name for claim in wanted_claims(known)]
    for option, given in (("--only", only), ("--skip", skip)):
        for name in given:
            if name not in names:
                raise CannotRun(
                    f"Unknown check {name!r}.",
                    seen=f"known are {', '.join(names)}",
                    mend=_mend_unknown(name, names, option),
                )
    if only and not set(only) - set(skip):
        raise CannotRun(
            "No check is left to make.",
            seen=f"only {', '.join(only)}, and {', '.join(skip)} skipped",
            mend="leave out one of the two",
        )
    return tuple(check for check in known if (not only or check.name in only) and check.name not in skip)


def _mend_unknown(name: str, known: Sequence[str], option: str) -> str:
    """Return what to type; of several names in one, that each wants an option of its own."""
    several = [one.strip() for one in name.split(",")]
    if len(several) > 1:
        return f"give the option once for each: {' '.join(f'{option} {one}' for one in several)}"
    return f"name one of them{nearest(name, known)}"


def wanted_claims(checks: Sequence[Check]) -> tuple[Claim, ...]:
    """Return what is judged where these checks are made: their claims, and the one about declarations."""
    return (*checks, DECLARATIONS)


def needed_experiments(checks: Collection[Check]) -> frozenset[str]:
    """Return the names of the experiments that these checks need or make use of."""
    return frozenset(need for check in checks for need in check.needs | check.uses)


def judge(
    record: ChainRecord, checks: Sequence[Check], rules: Rules, known: Sequence[Check] = CHECKS
) -> tuple[CheckResult, ...]:
    """Judge the record by each check, and last the declarations themselves.

    With `since`, only what later revisions do is judged, and what models and files of today say of the heads.

    `known` are all checks that a declaration may name.

    Where the chain does not get to its heads, the revisions that keep it from there are told whatever is wanted, allowed, or to be
    judged: nothing at the heads could be.
    """
    ends = _ends(record)
    before = record.chain.ancestors(rules.since) if rules.since is not None else frozenset()
    old = old_revisions(record.chain)
    charges = _charges(checks)
    comparer = Comparer(rules.ignore, of_the_moment(record))
    results: list[CheckResult] = []
    for check in checks:
        result = _judge_one(
            record, check, charges[check.name], comparer, weighing=Weighing(rules.strict, results, before, old)
        )
        result = with_imports(with_short_paths(result, rules.folder), record.chain)
        result = without_unknown(_asked_for(result) if check.name in rules.asked else result, record)
        results.append(_of_standing(result, record, rules.since) if check.only_of_standing else result)
    told = [
        *(
            replace(one, findings=without_allowed(one.findings, record.chain, rules.allow_indices, ends))
            for one in results
        ),
        _judge_declared(record, rules, checks, results, comparer, known=known),
    ]
    of_today = {check.name for check in checks if check.of_today}
    of_what_comes = {check.name for check in checks if check.of_what_comes}
    return tuple(
        _without_accepted(
            _without_earlier(fold(result, old, rules), frozenset() if result.name in of_today else before - ends),
            rules.accepted,
            _stood_when_accepted(record, rules) if result.name in of_what_comes else frozenset(),
        )
        for result in (*_unasked(record, checks, ends, comparer, rules), *told)
    )


def _ends(record: ChainRecord) -> frozenset[str]:
    """Return the revisions that keep the chain from its heads."""
    if record.head is not None:
        return frozenset()
    last = record.chain.revisions[: len(record.revisions)][-1:]
    return frozenset(
        {item.revision.revision for item in record.revisions if item.upgrade.failure is not None}
        or {item.revision for item in last}
    )


def _unasked(
    record: ChainRecord, checks: Sequence[Check], ends: Collection[str], comparer: Comparer, rules: Rules
) -> tuple[CheckResult, ...]:
    """Return what `upgrade` says of the revisions that keep the chain from its heads, where it is not wanted and others are."""
    if not ends or upgrade.CHECK in checks or not any(check.needs_walk for check in checks):
        return ()
    result = _judge_one(record, upgrade.CHECK, frozenset(), comparer)
    result = with_imports(with_short_paths(result, rules.folder), record.chain)
    findings = tuple(one for one in result.findings if one.revision in ends)
    return (replace(result, findings=findings, notes=(), is_wanted=False),)


def _charges(checks: Sequence[Check]) -> dict[str, frozenset[str]]:
    """Return for each check the experiments whose time is told as its own; one that several need is charged to the first."""
    charges: dict[str, frozenset[str]] = {}
    for check in checks:
        charges[check.name] = frozenset({check.name, *check.needs}).difference(*charges.values())
    return charges


def _judge_one(
    record: ChainRecord, check: Check, charged: frozenset[str], comparer: Comparer, weighing: Weighing | None = None
) -> CheckResult:
    started = time.perf_counter()
    is_out_of_reach = check.only_at_heads and record.head is None
    missing = sorted(need for need in check.needs if getattr(record, need, record) is None)
    if is_out_of_reach or missing:
        reason = check.skip_reason or f"not checked: it needs {' and '.join(missing)}"
        if record.head is None:
            reason = OUT_OF_REACH
        return replace(_result(check, Status.SKIPPED, 0.0, reason=reason), is_missed=not check.opt_in)
    told, fault = _said(check, record, comparer if check.compares else _refuse_to_compare)
    said = (weighing or Weighing()).of(told)
    lack = check.lack(record) if check.lack is not None else ""
    result = _result(
        check,
        Status.PASSED,
        time.perf_counter() - started + sum(record.durations_s.get(need, 0.0) for need in charged),
        findings=tuple(item for item in said if isinstance(item, Finding)),
        notes=tuple(item for item in said if isinstance(item, Note)),
        reason=fault or lack,
    )
    is_whole = check.whole is None or check.whole(record)
    result = replace(result, is_missed=bool(lack), is_whole=is_whole, tells_untried=check.tells_untried)
    return result if check.tried is None else replace(result, tried=check.tried(record))


def _asked_for(result: CheckResult) -> CheckResult:
    """Let a check that was asked for by name be missed where it could not be made."""
    return replace(result, is_missed=result.is_missed or result.status is Status.SKIPPED)


def _said(check: Check, record: ChainRecord, compare: Compare) -> tuple[Said, str]:
    """Return what the judge says, and how it broke off, which one of ours does with a traceback."""
    if is_ours(check):
        return tuple(check.judge(record, compare)), ""
    return judge_guarded(check, record, compare)


def _refuse_to_compare(_left: Snapshot, _right: Snapshot) -> tuple[Difference, ...]:
    raise AssertionError("a check that compares says so: Check(compares=True)")


def _judge_declared(
    record: ChainRecord,
    rules: Rules,
    checks: Sequence[Check],
    results: Sequence[CheckResult],
    comparer: Comparer,
    *,
    known: Sequence[Check],
) -> CheckResult:
    started = time.perf_counter()
    made = Made(
        checks=frozenset(one.name for one in results if one.is_judged),
        walked=frozenset(check.name for check in checks if check.needs_walk),
        reached=record.reached,
        findings=[finding for one in results for finding in one.findings],
        tried={one.name: one.tried for one in results if one.tried is not None},
        partly=frozenset({locks.NAME} if rules.since is not None else ()),
        cleaning=frozenset(one.revision.revision for one in record.revisions if one.passes_refused_rows),
    )
    wanted = {check.name for check in checks}
    all_compared = record.head is not None and all(check.name in wanted for check in known if check.compares)
    findings = (
        *judge_declarations(record.chain, [check.name for check in known], made),
        *judge_allowed_indices(rules.allow_indices, made),
        *judge_ignore_rules(rules.ignore, comparer.used, all_compared=all_compared),
        *judge_accepted(rules.accepted, made, rules.accepted_file),
    )
    notes = tuple(_left_outside(record))
    return _result(DECLARATIONS, Status.PASSED, time.perf_counter() - started, findings=findings, notes=notes)


def _left_outside(record: ChainRecord) -> Iterator[Note]:
    """Yield what the run has left on a given server, whichever checks were wanted."""
    if record.left_outside:
        yield Note(
            "server",
            None,
            f"new on the given server, where nothing outside of our databases is dropped: {record.left_outside}; where the chain "
            "makes them, its next run fails: drop them, or let runs have a server of their own (--server embedded)",
        )


def _result(
    claim: Claim,
    status: Status,
    duration_s: float,
    *,
    findings: tuple[Finding, ...] = (),
    notes: tuple[Note, ...] = (),
    reason: str = "",
) -> CheckResult:
    return CheckResult(
        claim.name,
        status,
        duration_s,
        findings,
        notes,
        reason,
        claim=claim.claim,
        why=claim.reason,
        needs_walk=claim.needs_walk,
        kinds=kinds_of(claim.name, claim.kinds),
        harm=claim.harm,
        of_today=isinstance(claim, Check) and claim.of_today,
    )


def _without_earlier(result: CheckResult, before: frozenset[str]) -> CheckResult:
    """Leave out what is said of earlier revisions, and let what is left decide whether the check failed."""
    kept = tuple(finding for finding in result.findings if finding.revision not in before)
    notes = tuple(note for note in result.notes if note.revision not in before)
    return replace(result, status=Status.FAILED if kept else result.status, findings=kept, notes=notes)


def _of_standing(result: CheckResult, record: ChainRecord, since: str | None) -> CheckResult:
    """Leave out what is said of relations that came after a revision."""
    item = record.record_of(since) if since is not None else None
    if item is None or item.upgrade.snapshot is None:
        return result
    facts = item.upgrade.snapshot.facts
    standing = {key.object for key in facts if key.kind in {*RELATION_KINDS, "index"}}
    kept = tuple(one for one in result.findings if one.revision is None or one.subject.rpartition(" ")[2] in standing)
    return replace(result, findings=kept)


def _stood_when_accepted(record: ChainRecord, rules: Rules) -> frozenset[str]:
    """Return the revisions that were taken for deployed when findings were accepted, where `since` or `previous` has them judged again."""
    if rules.since is None and rules.previous is None:
        return frozenset()
    known = [one for one in rules.accepted_heads if any(item.revision == one for item in record.chain.revisions)]
    return frozenset().union(*map(record.chain.ancestors, known)) - frozenset(known)


def _without_accepted(result: CheckResult, accepted: frozenset[Accepted], stood: frozenset[str]) -> CheckResult:
    """Set apart what people accept for now, and what is said of revisions that stood then and were not tried for that."""
    kept = tuple(one for one in without_accepted(result.findings, accepted) if one.revision not in stood)
    status = Status.PASSED if result.findings and not kept else result.status
    left = tuple(finding for finding in result.findings if finding not in kept)
    return replace(result, status=status, findings=kept, accepted=left)
