"""Judges a chain's record by the checks that are wanted, minding what revisions declare and what is to be judged at all."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from pgharness.checks import CHECKS
from pgharness.checks.check import Check
from pgharness.findings import CannotRun, CheckResult, Finding, Note, Status
from pgharness.judging.declarations import judge_declarations, without_allowed
from pgharness.judging.ignore_rules import judge_ignores
from pgharness.records.chain_record import ChainRecord
from pgharness.settings import nearest

ALWAYS = frozenset({"upgrade"})


def wanted_checks(only: Sequence[str], skip: Sequence[str]) -> tuple[Check, ...]:
    """Give the checks to make; `upgrade` is always among them. Raises CannotRun for a name that is none."""
    known = [check.name for check in CHECKS]
    for name in (*only, *skip):
        if name not in known:
            raise CannotRun(
                f"There is no check {name!r}.",
                seen=f"known are {', '.join(known)}",
                mend=f"name one of them{nearest(name, known)}",
            )
    return tuple(
        check
        for check in CHECKS
        if check.name in ALWAYS or ((not only or check.name in only) and check.name not in skip)
    )


def needed_experiments(checks: Collection[Check]) -> frozenset[str]:
    """Give the names of the experiments that these checks need or make use of."""
    return frozenset(need for check in checks for need in check.needs | check.uses)


def judge(record: ChainRecord, checks: Sequence[Check], *, since: str | None) -> tuple[CheckResult, ...]:
    """Judge the record by each check; with `since`, only what later revisions do."""
    before = record.chain.ancestors(since) if since is not None else frozenset()
    charges = _charges(checks)
    results = [_judge_one(record, check, charges[check.name]) for check in checks]
    found = [finding for result in results for finding in result.findings]
    made = {result.name for result in results if result.status is not Status.SKIPPED}
    declared = [
        *judge_declarations(record.chain, found, [check.name for check in CHECKS], made),
        *judge_ignores(record, made),
    ]
    return tuple(_kept(result, tuple(declared) if result.name == "graph" else (), record, before) for result in results)


def _charges(checks: Sequence[Check]) -> dict[str, frozenset[str]]:
    """Give for each check the experiments whose time is told as its own; one that several need is charged to the first."""
    charges: dict[str, frozenset[str]] = {}
    for check in checks:
        charges[check.name] = frozenset({check.name, *check.needs}).difference(*charges.values())
    return charges


def _judge_one(record: ChainRecord, check: Check, charged: frozenset[str]) -> CheckResult:
    started = time.perf_counter()
    is_out_of_reach = check.only_at_heads and record.head is None
    if is_out_of_reach or any(getattr(record, need, record) is None for need in check.needs):
        reason = check.skip_reason if record.head is not None else "the chain does not reach its heads"
        return CheckResult(check.name, Status.SKIPPED, 0.0, reason=reason)
    said = tuple(check.judge(record))
    return CheckResult(
        check.name,
        Status.PASSED,
        time.perf_counter() - started + sum(record.durations_s.get(need, 0.0) for need in charged),
        tuple(item for item in said if isinstance(item, Finding)),
        tuple(item for item in said if isinstance(item, Note)),
    )


def _kept(
    result: CheckResult, declared: tuple[Finding, ...], record: ChainRecord, before: frozenset[str]
) -> CheckResult:
    findings = without_allowed(result.findings, record.chain) + declared
    kept = tuple(finding for finding in findings if finding.revision not in before)
    status = Status.FAILED if kept else result.status
    notes = tuple(note for note in result.notes if note.revision not in before)
    return CheckResult(result.name, status, result.duration_s, kept, notes, result.reason)
