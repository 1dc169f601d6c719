"""Lets revisions declare what they do on purpose, and finds declarations that are unknown, empty or unused."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence

from pgharness.findings import Finding
from pgharness.records.revisions import Chain, Revision

# What each declaration takes.
DECLARATIONS = {"irreversible": "str", "allow": "dict"}
ALEMBIC_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")


def without_allowed(findings: Sequence[Finding], chain: Chain) -> tuple[Finding, ...]:
    """Leave out the findings that the revision at fault allows by `allow = {"check": "reason"}`."""
    allowed = {(item.revision, check) for item in chain.revisions for check in item.allow}
    return tuple(finding for finding in findings if (finding.revision, finding.check) not in allowed)


def judge_declarations(
    chain: Chain, findings: Sequence[Finding], known_checks: Collection[str], made_checks: Collection[str]
) -> Iterator[Finding]:
    """Judge the declarations themselves against all findings, those allowed included; `made_checks` were judged."""
    found = {(finding.revision, finding.check) for finding in findings}
    for revision in chain.revisions:
        yield from _judge_names(revision)
        if revision.irreversible is not None and not _is_reason(revision.irreversible):
            yield _finding(
                revision, "irreversible", "It gives no reason.", 'irreversible = "<why there is no way back>"'
            )
        if revision.allow_problem:
            yield _finding(revision, "allow", revision.allow_problem, 'allow = {"<check>": "<reason>"}')
        for check, reason in revision.allow.items():
            if check not in known_checks:
                close = difflib.get_close_matches(check, list(known_checks), n=1)
                yield _finding(
                    revision,
                    f"allow[{check!r}]",
                    f"There is no check {check!r}.",
                    f"name one of {', '.join(sorted(known_checks))}"
                    + (f"; did you mean {close[0]!r}?" if close else ""),
                )
            elif not _is_reason(reason):
                yield _finding(
                    revision, f"allow[{check!r}]", "It gives no reason.", f'allow = {{"{check}": "<reason>"}}'
                )
            elif check in made_checks and (revision.revision, check) not in found:
                yield _finding(revision, f"allow[{check!r}]", "The check finds nothing here to allow.", "remove it")


def _judge_names(revision: Revision) -> Iterator[Finding]:
    for name, kind in revision.names.items():
        close = difflib.get_close_matches(name, DECLARATIONS, n=1, cutoff=0.8)
        could_be_meant = bool(close) and DECLARATIONS[close[0]] == kind
        if could_be_meant and name not in DECLARATIONS and name not in ALEMBIC_NAMES:
            yield _finding(
                revision, name, f"It looks like the declaration {close[0]!r}, but is none.", f"write {close[0]}"
            )


def _is_reason(reason: object) -> bool:
    return isinstance(reason, str) and bool(reason.strip())


def _finding(revision: Revision, subject: str, message: str, mend: str) -> Finding:
    return Finding("graph", revision.revision, f"declaration {subject} of {revision.label}", message, mend)
