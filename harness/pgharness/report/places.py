"""Says where a finding is and which one it is, for programs that show it beside the code."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from pgharness.catalog.names import unquoted
from pgharness.findings import Finding, Note
from pgharness.records.revisions import Revision
from pgharness.records.steps import Step
from pgharness.report.model import Report

_PARTS = re.compile(r'"(?:[^"]|"")*"|[^."]+')


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; `file` is relative to the repository's root where it lies in there, with slashes on every system."""

    file: str
    line: int


def place_of(report: Report, said: Finding | Note, root: Path) -> Place:
    """Return where a finding or note is, or the Alembic configuration for the whole chain.

    Of a revision that is the line that is known, else that of the statement that names what it is about, else the function.
    """
    revision = report.revision(said.revision)
    if revision is None:
        return Place(relative_to(root, report.source), 1)
    line = said.line if isinstance(said, Finding) else None
    return Place(relative_to(root, revision.path), line or _line(report, revision, said))


def repository_root(folder: Path) -> Path:
    """Return the folder, at or above this one, that Git keeps (it holds `.git`); this one where there is none."""
    folder = folder.absolute()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def fingerprint(finding: Finding) -> str:
    """Return a hash that tells a finding from every other one of the run, and is the same in the next."""
    said = (finding.check, finding.revision, finding.subject, finding.message)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _line(report: Report, revision: Revision, said: Finding | Note) -> int:
    is_way_back = said.check == "roundtrip" or (isinstance(said, Finding) and said.subject.startswith("downgrade "))
    seen = report.seen(revision)
    step = seen and (seen.downgrade if is_way_back else seen.upgrade)
    if isinstance(said, Finding) and step and (line := _line_that_names(said.subject, step, revision.path)):
        return line
    return revision.downgrade_line if is_way_back else revision.upgrade_line


def _line_that_names(subject: str, step: Step, path: str) -> int:
    """Return the line of the one statement of a file that names an object, and if it belongs to a table that too; 0 where it is not one alone."""
    kind, _, name = subject.rpartition(" ")
    names = [unquoted(part) for part in _PARTS.findall(name)]
    asked = names[-2:] if kind in {"column", "constraint", "trigger", "policy", "rule"} else names[-1:]
    lines = {
        one.line
        for one in step.statements
        if one.file == path
        and all(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", one.sql, re.IGNORECASE) for part in asked)
    }
    return lines.pop() if asked and len(lines) == 1 else 0


def relative_to(root: Path, path: str) -> str:
    """Return a path as it is from a folder that it lies in, else whole; with slashes on every system."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links are not followed, `..` is
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()
