"""Says where a finding is and which one it is, for programs that show it beside the code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pgharness.findings import Finding, Note
from pgharness.records.revisions import Revision
from pgharness.report.model import Report


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; `file` is relative to the repository's root where it lies in there, with slashes on every system."""

    file: str
    line: int


def place_of(report: Report, said: Finding | Note, root: Path) -> Place:
    """Return where a finding or note is: the revision's line or function, or the Alembic configuration for the whole chain."""
    revision = report.revision(said.revision)
    if revision is None:
        return Place(_relative(report.source, root), 1)
    return Place(_relative(revision.path, root), _line(revision, said))


def repository_root(folder: Path) -> Path:
    """Return the folder, at or above this one, that Git keeps (it holds `.git`); this one where there is none."""
    folder = folder.absolute()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def fingerprint(finding: Finding) -> str:
    """Return a hash that tells a finding from every other one of the run, and is the same in the next."""
    said = (finding.check, finding.revision, finding.subject, finding.message)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _line(revision: Revision, said: Finding | Note) -> int:
    if isinstance(said, Finding) and said.line is not None:
        return said.line
    is_way_back = said.check == "roundtrip" or (isinstance(said, Finding) and said.subject.startswith("downgrade "))
    return revision.downgrade_line if is_way_back else revision.upgrade_line


def _relative(path: str, root: Path) -> str:
    absolute = Path(path).absolute()
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()
