"""Reads from a server's log which statements were sent, each with its parameters, and keeps one of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What an application does with its data, not how it begins and ends.
_WORK = re.compile(r"[\s(]*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|TABLE|VALUES|CALL)\b", re.IGNORECASE)
# What drivers, ORMs and migrations ask the server about itself.
_ABOUT_ITSELF = re.compile(
    r"\b(?:pg_catalog|information_schema|pg_\w+|alembic_version|version\(\)|current_schema|current_setting)\b|^\s*SELECT\s+[0-9']+\s*$",
    re.IGNORECASE,
)
_SENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (?P<sql>.*)", re.DOTALL)
_DETAIL = re.compile(r"DETAIL:  [Pp]arameters: (?P<parameters>.*)", re.DOTALL)
_PARAMETER = re.compile(r"\$[0-9]+ = (NULL|'(?:[^']|'')*')(?:, |$)", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b[0-9]+(?:\.[0-9]+)?\b|\$[0-9]+")
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)*\s*\)(?:\s*,\s*\(\s*\?(?:\s*,\s*\?)*\s*\))*")


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it was sent; `parameters` are literals in SQL, in order."""

    sql: str
    parameters: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What it has in common with others that differ in their values alone, or in how many there are."""
        return _LIST.sub("(?)", _LITERAL.sub("?", " ".join(self.sql.split())))


def one_of_each_kind(log: str, mark: str) -> tuple[Sent, ...]:
    """Return the statements of an application in the order in which each kind was first sent.

    `mark` begins each entry of the log, and the name of the session's program ends with `> ` behind it (`log_line_prefix`).
    """
    found: dict[str, Sent] = {}
    for one in _sent(log, mark):
        if _WORK.match(one.sql) and not _ABOUT_ITSELF.search(one.sql):
            found.setdefault(one.kind, one)
    return tuple(found.values())


def _sent(log: str, mark: str) -> Iterator[Sent]:
    last: Sent | None = None
    for program, entry in _entries(log, mark):
        if program.startswith("pgharness"):
            continue  # our own
        detail = _DETAIL.match(entry)
        if detail is not None and last is not None:
            last = Sent(last.sql, tuple(_PARAMETER.findall(detail["parameters"])))
            continue
        if last is not None:
            yield last
        sent = _SENT.match(entry)
        last = Sent(sent["sql"].strip().rstrip(";")) if sent is not None else None
    if last is not None:
        yield last


def _entries(log: str, mark: str) -> Iterator[tuple[str, str]]:
    """Yield program and text of each entry; lines of one are put together again, which the server parts by a tab."""
    for part in log.split(f"{mark} ")[1:]:
        program, _, text = part.partition("> ")
        yield program, text.replace("\n\t", "\n").rstrip("\n")
