"""Findings that people accept for now: read from and written to a file of their own, left out of a report, told when they are gone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pgharness.describing.toml_words import toml_string
from pgharness.findings import CannotRun, Finding
from pgharness.judging.declarations import NAME, Made

_HEADER = """\
# What `pgharness check` found on {day} and does not fail for until it is mended. It may only shrink: an entry whose finding is
# gone is told, and has to be taken out. `pgharness check --accept` writes this file anew.

reason = {reason}
accepted_on = {day}
heads = {heads}
"""
_FIELDS = ("check", "revision", "subject", "message")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One finding that is accepted: whatever else is said of the same object is none."""

    check: str
    revision: str | None
    subject: str
    message: str

    @classmethod
    def of(cls, finding: Finding) -> frozenset[Accepted]:
        """Return what accepts this finding, or all that it stands instead of: alone, each check tells its findings one by one."""
        if finding.instead_of:
            return frozenset(entry for one in finding.instead_of for entry in cls.of(one))
        return frozenset({cls(finding.check, finding.revision, finding.subject, finding.message)})


def read_accepted(file: Path) -> frozenset[Accepted]:
    """Return the entries of a file; none where there is no file. Raises CannotRun for one that is none of ours."""
    if not file.is_file():
        return frozenset()
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("finding", [])
        return frozenset(_entry(entry) for entry in entries)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CannotRun(
            f"The file of accepted findings {file} cannot be read.",
            seen=f"{type(error).__name__}: {error}",
            mend="write it anew: pgharness check --accept",
        ) from error


def read_accepted_heads(file: Path) -> tuple[str, ...]:
    """Return the heads of the chain for which a file was written; none of one that does not say, or that cannot be read."""
    try:
        heads = tomllib.loads(file.read_text(encoding="utf-8")).get("heads", [])
    except (OSError, ValueError):
        return ()
    return tuple(map(str, heads)) if isinstance(heads, list) else ()


def write_accepted(
    file: Path, findings: Iterable[Finding], reason: str, today: date, heads: Sequence[str] = ()
) -> None:
    """Write the entries of these findings, sorted, in place of those that were there, and for which `heads` of the chain."""
    entries = sorted({entry for finding in findings for entry in Accepted.of(finding)}, key=repr)
    listed = f"[{', '.join(map(toml_string, heads))}]"
    text = _HEADER.format(day=today.isoformat(), reason=toml_string(reason), heads=listed)
    file.write_text(text + "".join(_in_toml(entry) for entry in entries), encoding="utf-8")


def without_accepted(findings: Sequence[Finding], accepted: frozenset[Accepted]) -> tuple[Finding, ...]:
    """Return the findings that are not accepted."""
    return tuple(finding for finding in findings if not Accepted.of(finding) <= accepted)


def judge_accepted(accepted: frozenset[Accepted], made: Made, file: str) -> Iterator[Finding]:
    """Find entries whose finding is gone; of what was not judged nothing is known."""
    found = {entry for finding in made.findings for entry in Accepted.of(finding)}
    for entry in sorted(accepted - found, key=repr):
        if made.covers(entry.check, entry.revision) and entry.check not in made.partly:
            yield Finding(
                NAME,
                None,
                f"accepted finding {entry.check} [{entry.revision or 'whole chain'}] {entry.subject}",
                f"It is gone, so nothing is to be accepted any more. It was: {entry.message}",
                f"take it out of {file}, or write that anew: pgharness check --accept",
                code="PGH-X008",
            )


def _entry(entry: dict[str, str]) -> Accepted:
    return Accepted(entry["check"], entry.get("revision"), entry["subject"], entry["message"])


def _in_toml(entry: Accepted) -> str:
    values = ((name, getattr(entry, name)) for name in _FIELDS)
    lines = [f"{name} = {toml_string(value)}" for name, value in values if value is not None]
    return "\n[[finding]]\n" + "\n".join(lines) + "\n"
