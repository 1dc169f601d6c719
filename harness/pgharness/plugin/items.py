"""Each check at each revision as one test item: `roundtrip[0003_add_outbox]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typing_extensions import override

from pgharness.findings import OUT_OF_REACH, CannotRun, CheckResult, Finding
from pgharness.plugin.current import session_of
from pgharness.records.revisions import Revision
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.text import finding_in_text


class CheckFailed(Exception):  # noqa: N818 - a check's failure is a finding, not an error of the test's code
    """A check has findings at a revision."""

    def __init__(self, findings: tuple[Finding, ...], report: Report) -> None:
        self.findings = findings
        self.report = report
        super().__init__(f"{len(findings)} findings")


class CheckCollector(pytest.Collector):
    """Collects the checks of the project's chain."""

    @override
    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each check at each revision, and one for each check of the whole chain."""
        try:
            plan = session_of(self.config).plan
        except CannotRun as reason:
            raise self.CollectError(str(reason)) from None
        for claim in plan.claims:
            for revision in (*plan.project.chain.revisions, None):
                label = revision.label if revision is not None else WHOLE_CHAIN
                name = f"{claim.name}[{pasteable(label)}]"
                yield CheckItem.from_parent(self, name=name, check=claim.name, revision=revision)


class CheckItem(pytest.Item):
    """One check at one revision, or of the whole chain where `revision` is None."""

    def __init__(self, *, check: str, revision: Revision | None, **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.revision = revision
        self.add_marker("pgharness")

    @override
    def runtest(self) -> None:
        """Judge, which walks the chain when it is the first to do so."""
        report = session_of(self.config).judged()
        result = next(item for item in report.results if item.name == self.check)
        cell, findings = report.cell(result, self.revision)
        if cell is Cell.BROKEN:
            raise CheckFailed(findings, report)
        if cell is Cell.UNTRIED and self.revision is None and (why := _out_of_reach(report)):
            raise CheckFailed(why, report)
        if cell is Cell.UNTRIED:
            pytest.skip(_why_untried(report, result, self.revision))

    @override
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show findings and what could not be run as they are told at the command line, without a traceback."""
        error = excinfo.value
        if isinstance(error, CheckFailed):
            label = error.report.label(self.revision.revision if self.revision is not None else None)
            return "\n\n".join(finding_in_text(finding, label) for finding in error.findings)
        if isinstance(error, CannotRun):
            return str(error)
        return super().repr_failure(excinfo, style)

    @override
    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return where the revision is."""
        return (self.revision.path if self.revision is not None else self.path), 0, self.name


def _out_of_reach(report: Report) -> tuple[Finding, ...]:
    """Return why the heads are out of reach, where no item of its own tells it."""
    return tuple(finding for result in report.results if not result.is_wanted for finding in result.findings)


def _why_untried(report: Report, result: CheckResult, revision: Revision | None) -> str:
    if not result.is_judged:
        return result.reason
    if elsewhere := result.told_elsewhere_at(revision.revision if revision is not None else None):
        return elsewhere
    if report.is_earlier(revision):
        return f"not judged: it counts as released (since {report.label(report.since)})"
    if result.tells_untried or not result.is_whole:
        return "; ".join(note.message for note in result.notes) or "not tried"
    if result.tried is not None and (revision is None or revision.revision not in result.tried):
        return "not tried: it counts as released (--since REVISION judges what comes after that), or runs when the release before is gone"
    return OUT_OF_REACH if revision is None else "not checked: this revision or one before it failed to upgrade"


def pasteable(label: str) -> str:
    """Return a label without what a shell would take apart, so that a test can be named as pytest has printed it."""
    return re.sub(r"[^\w.-]", "_", label)
