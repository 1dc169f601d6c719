"""Tells the files of a project as they are from the folder of its configuration: shorter, and the same on every machine."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pgharness.findings import CheckResult, Finding, Note

Told = TypeVar("Told", Finding, Note)


def with_short_paths(result: CheckResult, folder: Path | None) -> CheckResult:
    """Return a result whose findings and notes tell no path below the folder as absolute; the root of all is no such folder."""
    if folder is None or folder.parent == folder:
        return result
    # Where something stands before it, it is the end of a longer path, or a URL.
    prefix = re.compile(rf"(?<![\w./\\-]){re.escape(str(folder))}[/\\](?=[\w.])")
    return replace(
        result,
        findings=tuple(_shortened(one, prefix) for one in result.findings),
        notes=tuple(_shortened(one, prefix) for one in result.notes),
    )


def _shortened(told: Told, prefix: re.Pattern[str]) -> Told:
    if isinstance(told, Note):
        return replace(told, message=prefix.sub("", told.message))
    return replace(
        told,
        subject=prefix.sub("", told.subject),
        message=prefix.sub("", told.message),
        mend=prefix.sub("", told.mend),
        evidence=prefix.sub("", told.evidence),
        cause=prefix.sub("", told.cause),
        instead_of=tuple(_shortened(one, prefix) for one in told.instead_of),
    )
