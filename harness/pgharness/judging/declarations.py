"""What revisions and settings declare to be meant: leaves it out of the findings, and judges the declarations themselves."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgharness.checks import indices
from pgharness.checks.check import Claim
from pgharness.describing.toml_words import toml_string
from pgharness.findings import Finding, Harm
from pgharness.records.revisions import Chain, Revision
from pgharness.settings import nearest

NAME = "declarations"
DECLARATIONS = Claim(
    name=NAME,
    harm=Harm.UPKEEP,
    claim="what revisions and settings declare to be meant is known, has a reason, and is used",
    reason="A declaration that is misspelt or outlived hides nothing today and the next defect tomorrow.",
    mend="correct it, give its reason, or remove it",
    needs_walk=False,
)

ON_ROWS = "PGH-U002"
OF_CONTENTS = "data"
# What each declaration in a revision takes.
DECLARED_IN_REVISIONS = {"irreversible": "str", "allow": "dict", "after_deploy": "str", "before_deploy": "str"}
ALEMBIC_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")


@dataclass(frozen=True, slots=True)
class Made:
    """What was judged: the checks, of which revisions, and all that they found, also what is allowed.

    `checks` are the names of those that were made, `walked` of those among them that know only the revisions in `reached`; `tried` has the
    revisions of those that know yet fewer.
    """

    checks: frozenset[str]
    walked: frozenset[str]
    reached: frozenset[str]
    findings: Sequence[Finding]
    tried: Mapping[str, frozenset[str]] = field(default_factory=dict)
    partly: frozenset[str] = frozenset()
    """Checks that tell nothing of some of what they found, as locks of revisions before `since` that last over later ones."""
    cleaning: frozenset[str] = frozenset()
    """Revisions that change or delete rows which their schema would refuse, in ways that `data` does not judge."""

    def covers(self, check: str, revision: str | None) -> bool:
        """Whether the check had its say about the revision; None stands for the whole chain, of which every revision is part."""
        if check not in self.checks or (check in self.walked and revision is not None and revision not in self.reached):
            return False
        return check not in self.tried or revision is None or revision in self.tried[check]


def without_allowed(
    findings: Sequence[Finding], chain: Chain, allow_indices: Collection[str], ends: Collection[str]
) -> tuple[Finding, ...]:
    """Leave out what the revision at fault allows by `allow = {"check": "reason"}`, and the settings by `allow_indices`.

    What ends the walk (revisions in `ends`) is allowed by nobody.
    """
    allowed = {(item.revision, check) for item in chain.revisions if item.revision not in ends for check in item.allow}
    return tuple(
        finding
        for finding in findings
        if (finding.revision, finding.check) not in allowed
        and not (finding.check == indices.NAME and finding.subject in allow_indices)
    )


def judge_declarations(chain: Chain, known_checks: Sequence[str], made: Made) -> Iterator[Finding]:
    """Judge what revisions declare; an allowance is unused where its check was made and finds nothing."""
    # What a revision would do to rows on which it fails is not known, nor whether an allowance would be used then.
    found = {(finding.revision, said) for finding in made.findings for said in (finding.check, finding.code)}
    for revision in chain.revisions:
        yield from _judge_names(revision)
        yield from _judge_reasons(revision)
        for check, reason in revision.allow.items():
            if check not in known_checks:
                yield _unknown(revision, check, known_checks)
            elif not _is_reason(reason):
                yield _finding(
                    revision, f"allow[{check!r}]", "Missing reason.", f'allow = {{"{check}": "<reason>"}}', "PGH-X002"
                )
            elif (
                made.covers(check, revision.revision)
                and not {(revision.revision, check), (revision.revision, ON_ROWS)} & found
                and not (check == OF_CONTENTS and revision.revision in made.cleaning)
            ):
                yield _finding(
                    revision,
                    f"allow[{check!r}]",
                    "Unused: the check has no finding here to allow.",
                    "remove it",
                    "PGH-X003",
                )


def judge_allowed_indices(allow_indices: Mapping[str, str], made: Made) -> Iterator[Finding]:
    """Judge what the settings allow of `indices`."""
    found = {finding.subject for finding in made.findings if finding.check == indices.NAME}
    for subject, reason in allow_indices.items():
        named = f"allow_indices[{subject!r}]"
        if not _is_reason(reason):
            mend = f'allow_indices = {{{toml_string(subject)} = "<reason>"}}'
            yield Finding(NAME, None, named, "Missing reason.", mend, code="PGH-X002")
        elif indices.NAME in made.checks and subject not in found:
            message = "Unused: there is no such finding to allow."
            yield Finding(NAME, None, named, message, "remove it from [tool.pgharness]", code="PGH-X003")


def _judge_reasons(revision: Revision) -> Iterator[Finding]:
    if revision.irreversible is not None and not _is_reason(revision.irreversible):
        yield _finding(
            revision, "irreversible", "Missing reason.", 'irreversible = "<why there is no way back>"', "PGH-X002"
        )
    for name, reason in (("after_deploy", revision.after_deploy), ("before_deploy", revision.before_deploy)):
        if reason is not None and not _is_reason(reason):
            yield _finding(revision, name, "Missing reason.", f'{name} = "<why>"', "PGH-X002")
    if revision.after_deploy is not None and revision.before_deploy is not None:
        message = "It is said to run before the deployment and after it."
        yield _finding(revision, "before_deploy", message, "remove one of after_deploy and before_deploy", "PGH-X009")
    if revision.allow_problem:
        yield _finding(revision, "allow", revision.allow_problem, 'allow = {"<check>": "<reason>"}', "PGH-X005")


def _judge_names(revision: Revision) -> Iterator[Finding]:
    for name, kind in revision.names.items():
        close = difflib.get_close_matches(name, DECLARED_IN_REVISIONS, n=1, cutoff=0.8)
        could_be_meant = bool(close) and DECLARED_IN_REVISIONS[close[0]] == kind
        if could_be_meant and name not in DECLARED_IN_REVISIONS and name not in ALEMBIC_NAMES:
            yield _finding(
                revision, name, f"Not a declaration; did you mean {close[0]!r}?", f"write {close[0]}", "PGH-X004"
            )


def _unknown(revision: Revision, check: str, known_checks: Sequence[str]) -> Finding:
    return _finding(
        revision,
        f"allow[{check!r}]",
        f"Unknown check {check!r}.",
        f"name one of {', '.join(known_checks)}{nearest(check, known_checks)}",
        "PGH-X001",
    )


def _is_reason(reason: object) -> bool:
    return isinstance(reason, str) and bool(reason.strip())


def _finding(revision: Revision, subject: str, message: str, mend: str, code: str) -> Finding:
    return Finding(NAME, revision.revision, f"declaration {subject} of {revision.label}", message, mend, code=code)
