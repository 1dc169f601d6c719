"""Leaves out findings about objects that a revision before would have made or changed, had it not failed: who is at fault is not known."""

from __future__ import annotations

import re
from dataclasses import replace

from pgharness.catalog.facts import RELATION_KINDS
from pgharness.catalog.names import unqualified, unquoted
from pgharness.checks import notices, roundtrip, upgrade
from pgharness.describing.nobody_made import lacks_what_nobody_made
from pgharness.findings import CheckResult, Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import RevisionRecord
from pgharness.rows.population import Population

OF_THE_CATALOG = frozenset({roundtrip.NAME, notices.NAME})
"""What finds of an object that it is there or is not; rows and locks are what they are."""
_PART = re.compile(r'"(?:[^"]|"")+"|[\w$]+')
ON_ROWS = "PGH-U002"
DOWNGRADE_FAILS = "PGH-R002"
_WRITES_ROWS = re.compile(r"\s*(?:WITH|UPDATE|DELETE|INSERT|MERGE)\b", re.IGNORECASE)
_DROPPED = re.compile(r"`[^`]*\bIF\s+EXISTS\s+([^`]+)`", re.IGNORECASE)


def without_unknown(result: CheckResult, record: ChainRecord) -> CheckResult:
    """Return the result without them, and with a note that says which."""
    if result.name == upgrade.NAME:
        return _without_rows_unknown(result, record)
    if result.name not in OF_THE_CATALOG:
        return result
    for item in record.revisions:
        if item.upgrade.failure is not None:
            result = _behind(result, item, record)
    return _without_its_start(result, record)


def _without_its_start(result: CheckResult, record: ChainRecord) -> CheckResult:
    """Leave out downgrades that lack what nobody made, behind an upgrade that does: both lack what stood there before the chain."""
    lacking = next(
        (one for one in record.revisions if lacks_what_nobody_made(record, one, one.upgrade.failure)),
        None,
    )
    if lacking is None:
        return result
    spared = [
        one
        for one in result.findings
        if one.code == DOWNGRADE_FAILS and _is_behind(one, lacking, record) and _goes_down_without(one, record)
    ]
    if not spared:
        return result
    told = ", ".join(dict.fromkeys(f"[{one.revision}]" for one in spared))
    message = f"it lacks what nobody made, so nothing is said of downgrades behind it that do too: {told}"
    left = tuple(one for one in result.findings if one not in spared)
    return replace(result, findings=left, notes=(*result.notes, Note(result.name, lacking.revision.revision, message)))


def _goes_down_without(finding: Finding, record: ChainRecord) -> bool:
    item = record.record_of(finding.revision or "")
    down = item.downgrade if item is not None else None
    return item is not None and down is not None and lacks_what_nobody_made(record, item, down.failure)


def _behind(result: CheckResult, failing: RevisionRecord, record: ChainRecord) -> CheckResult:
    named = _said(failing)
    spared = [
        one for one in result.findings if _is_behind(one, failing, record) and _names(one) and _names(one) <= named
    ]
    if not spared:
        return result
    told = ", ".join(dict.fromkeys(f"{one.subject} [{one.revision}]" for one in spared))
    note = Note(
        result.name,
        failing.revision.revision,
        f"it fails, so nothing is said of what it would have made or changed, though it is not what later revisions take it for: {told}",
    )
    left = tuple(one for one in result.findings if one not in spared)
    return replace(result, findings=left, notes=(*result.notes, note))


def _without_rows_unknown(result: CheckResult, record: ChainRecord) -> CheckResult:
    """Leave out failures on rows of tables on whose rows a revision before was to work, had it not failed on them."""
    for failing in record.revisions:
        if failing.upgrade.failure is not None or not _leaves_others(failing):
            continue
        works_on = _rows_of(failing)
        spared = [
            one
            for one in result.findings
            if one.code == ON_ROWS and _is_behind(one, failing, record) and _meets(record, one) & works_on
        ]
        if spared:
            told = ", ".join(dict.fromkeys(f"[{one.revision}]" for one in spared))
            message = f"what it leaves of rows was not to be had, so nothing is said of those that fail on them behind it: {told}"
            note = Note(result.name, failing.revision.revision, message)
            left = tuple(one for one in result.findings if one not in spared)
            result = replace(result, findings=left, notes=(*result.notes, note))
    return result


def _leaves_others(item: RevisionRecord) -> bool:
    """Whether those behind a revision meet other rows than it leaves: it fails on them, or its way back does not restore the catalog."""
    return item.population is not Population.VARIED or not item.ends_as_upgraded


def _rows_of(failing: RevisionRecord) -> set[str]:
    """Return the names in what a revision does to rows: in its DML, and where its code fails between two statements, in the last one."""
    failure = failing.upgrade_rows_failure
    statements = [one.sql for one in failing.upgrade.statements if one.file == failing.revision.path]
    if failure is not None and failure.statement is not None:
        statements.append(failure.statement)
    works = [
        one
        for one in statements
        if _WRITES_ROWS.match(one) or (failure is not None and failure.sqlstate is None and one == failure.statement)
    ]
    return {unquoted(part) for one in works for part in _PART.findall(one)}


def _meets(record: ChainRecord, finding: Finding) -> set[str]:
    """Return the tables that the statement names on which a revision fails."""
    item = record.record_of(finding.revision or "")
    if item is None or item.upgrade_rows_failure is None:
        return set()
    named = {unquoted(part) for part in _PART.findall(item.upgrade_rows_failure.statement or "")}
    return named & {unquoted(unqualified(full)) for _, full in item.before.objects(*RELATION_KINDS)}


def _is_behind(finding: Finding, failing: RevisionRecord, record: ChainRecord) -> bool:
    behind = finding.revision is not None and finding.revision != failing.revision.revision
    return behind and failing.revision.revision in record.chain.ancestors(finding.revision or "")


def _said(failing: RevisionRecord) -> set[str]:
    """Return all names in the statements of a failing revision, that at fault too."""
    at_fault = (failing.upgrade.failure.statement if failing.upgrade.failure is not None else None) or ""
    statements = [at_fault, *(one.sql for one in failing.upgrade.statements)]
    return {unquoted(part) for one in statements for part in _PART.findall(one)}


def _names(finding: Finding) -> set[str]:
    """Return what an object is called, and its table, without a schema; of a statement that drops nothing, what it names."""
    _, _, name = finding.subject.rpartition(" ") if '"' not in finding.subject else finding.subject.partition(" ")
    dropped = _DROPPED.search(finding.message)
    if finding.subject.startswith(("upgrade of ", "downgrade of ")):
        return {unquoted(_PART.findall(dropped[1])[0])} if dropped is not None else set()
    parts = [unquoted(part) for part in _PART.findall(name.partition("(")[0])]
    return set(parts[1:] or parts)
