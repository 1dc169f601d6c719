"""Writes what a run found into the file of accepted findings, and tells what that leaves: how the next run ends, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pgharness.cli.exit_codes import FINDINGS, NO_FINDINGS
from pgharness.cli.writing import require_place, writing
from pgharness.judging.accepted import write_accepted
from pgharness.judging.declarations import DECLARATIONS
from pgharness.report.model import Report
from pgharness.report.text import counted, finding_in_text, unchecked

WHAT, NAMED_BY = "accepted findings", 'accepted = "FILE" in [tool.pgharness]'


def require_place_to_accept(file: Path) -> None:
    """Refuse, before the work, a file that could not be written behind it. Raises CannotRun."""
    require_place(file, WHAT, NAMED_BY)


def accept(report: Report, file: Path, reason: str) -> list[str]:
    """Write all findings into the file but those about declarations, which say themselves what is wrong; return what is to be told."""
    every = (*report.findings, *report.accepted)
    findings = [one for one in every if one.check != DECLARATIONS.name]
    with writing(file, WHAT, NAMED_BY):
        write_accepted(file, findings, reason, datetime.now(tz=UTC).date(), report.chain.heads)
    return [f"accepted {counted(len(findings), 'finding')} in {file}", *_left(report)]


def _left(report: Report) -> Iterator[str]:
    """Yield what is not accepted, and what the next run makes of it."""
    left = [one for one in report.findings if one.check == DECLARATIONS.name and not _is_written_anew(one.code)]
    yield from (finding_in_text(one, report.label(one.revision)) for one in left)
    yield from unchecked(report)
    if left:
        yield f"pgharness check still ends with {FINDINGS}: what revisions and settings declare is not accepted but corrected ({len(left)})"
    elif report.missed:
        yield (
            f"pgharness check now ends with {NO_FINDINGS}, but says INCOMPLETE, and ends with {FINDINGS} with --strict, as where CI=true: what was not "
            "checked is not accepted, and what it finds once it can be checked is new"
        )
    else:
        yield f"pgharness check now ends with {NO_FINDINGS}, until it finds anything else: commit the file"


def _is_written_anew(code: str) -> bool:
    """Whether a finding is about an entry of the file before, which is not there any more."""
    return code == "PGH-X008"
