"""What the harness says: findings, notes, the results of checks, and the reason why a run could not be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgharness.kinds import Kind


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found wrong.

    `revision` is the revision at fault, or None where the chain as a whole is. `subject` is the object, in the words of
    PostgreSQL (`index public.ix_users_email`). `evidence` is the text that shows it (a diff, a statement, an SQLSTATE),
    possibly of several lines, or empty. `line` is the line in the revision's file, where more is known than the function.
    One that stands `instead_of` others is told where another check tells their cause. `code` is that of its kind (`PGH-D003`).
    """

    check: str
    revision: str | None
    subject: str
    message: str
    mend: str
    evidence: str = ""
    line: int | None = None
    instead_of: tuple[Finding, ...] = ()
    code: str = ""
    cause: str = ""
    """What is said once of all findings that say the same here, where their messages differ; else the message is."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that does not fail a run, such as a table for which no row could be made.

    One that `is_told_elsewhere` says that another check has findings of the same cause: the check does not hold there.
    """

    check: str
    revision: str | None
    message: str
    is_told_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Minor:
    """A finding that harms nobody by itself: a note, unless the setting `strict` has its name (`settings.MINOR_DIFFERENCES`).

    What `is_told_once` is one note for all of that name, at the first revision that is judged.
    """

    name: str
    finding: Finding
    noted: str = ""
    """What the note says, where that is not what the finding says."""
    is_told_once: bool = False

    def as_note(self, others: int = 0) -> Note:
        """Return the note that it is where nobody asked for more; `others` is of how many more revisions it holds."""
        one = self.finding
        message = self.noted or one.message
        if others:
            message = f"{message.removesuffix('.')}; so it is in {others} more revision{'' if others == 1 else 's'}."
        return Note(
            one.check,
            one.revision,
            f'{one.subject}: {message} (a finding with strict = ["{self.name}"] in [tool.pgharness])',
        )


@dataclass(frozen=True, slots=True)
class Repeated:
    """A finding of a cause that the check `of` tells too: told in full only where that one was not made, or finds nothing.

    With a `subject`, only where it finds nothing about that.
    """

    of: str
    finding: Finding
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """A finding of what a revision meets where it is deployed together with an `earlier` one.

    Of all of one code one is told, that of the newest revision: they have one cause and one fix. What a revision allows is told beside it, so
    that its allowance is used.
    """

    finding: Finding
    earlier: str
    is_allowed: bool = False


class Harm(StrEnum):
    """What somebody suffers of what a check finds, worst first; the words are a heading of the report."""

    DEPLOYMENT = "stops a deployment"
    DATA = "loses or changes data"
    SERVICE = "hurts a service that runs"
    DIFFERENCE = "lets databases differ"
    UPKEEP = "is left for later"


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


OUT_OF_REACH = "not checked: the chain fails to upgrade to its heads; mend what `upgrade` finds"
"""Why what is judged at the heads was not."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's verdict over the whole chain; `reason` says why it was skipped, broke off, or could not look at all; else it is empty.

    `claim` is what the check claims of a chain and `why` why that matters. Without `needs_walk` it was judged for every revision,
    also for those that the walk did not reach. `accepted` are findings that people accept for now, and `kinds` is what the check can find. One that is not wanted says why the
    heads are out of reach for those that are. One that is missed was skipped, or could not look at all, though nobody has asked for that.
    """

    name: str
    status: Status
    duration_s: float
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    reason: str = ""
    claim: str = ""
    why: str = ""
    needs_walk: bool = True
    is_wanted: bool = True
    accepted: tuple[Finding, ...] = ()
    kinds: tuple[Kind, ...] = ()
    is_missed: bool = False
    tried: frozenset[str] | None = None
    """The revisions of which it was tried at all, where these are not all that the walk reached."""
    harm: Harm = Harm.DIFFERENCE
    is_whole: bool = True
    """Whether all was tried that is claimed of the chain as a whole."""
    tells_untried: bool = False
    """Whether notes of its own say which revisions were not tried, and why."""

    of_today: bool = False
    """Whether it compares the heads with what models and files say today, whatever is deployed."""

    @property
    def is_made(self) -> bool:
        """Whether it looked at anything: it was not skipped, and there was a revision to try it on."""
        return self.status is not Status.SKIPPED and self.tried != frozenset()

    def told_elsewhere_at(self, revision: str | None) -> str:
        """Return what another check tells of a revision (None: of the chain as a whole); empty where none does."""
        told = (one for one in self.notes if one.is_told_elsewhere and one.revision == revision)
        return next((one.message for one in told), "")

    @property
    def is_judged(self) -> bool:
        """Whether its verdict holds for what it finds nothing about: it was neither skipped nor did its judge break off."""
        return self.status is not Status.SKIPPED and not self.reason


class CannotRun(Exception):  # noqa: N818 - it is no error of the code; the command line turns it into exit code 2
    """The run could not be done: `what` failed, what was `seen`, and the `mend` to type."""

    def __init__(self, what: str, *, seen: str, mend: str) -> None:
        super().__init__(what, seen, mend)
        self.what = what
        self.seen = seen
        self.mend = mend

    def __str__(self) -> str:
        """Return the three parts on three lines."""
        return f"{self.what}\n  seen: {self.seen}\n  fix: {self.mend}"

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword-only parts when a worker process hands the exception over."""
        return _rebuild_cannot_run, (type(self), self.what, self.seen, self.mend)


def _rebuild_cannot_run(kind: type[CannotRun], what: str, seen: str, mend: str) -> CannotRun:
    return kind(what, seen=seen, mend=mend)


class ChainFails(CannotRun):
    """A revision fails where one that runs was wanted; env.py itself has done its part."""
