"""Runs what people wrote by hand for one revision: rows before it, and assertions after its upgrade and its downgrade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pgharness.chain.conversation import Conversation
from pgharness.plans.statement_file import read_statements
from pgharness.records.by_hand import SECTIONS, HandFailure, Section
from pgharness.records.revisions import Chain, Revision
from pgharness.servers import Connection

_SECTION = re.compile(rf"^--\s*({'|'.join(SECTIONS)})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ByHand:
    """The folder of such files: `<label>.sql` or `<label>.py` for a revision's file `<label>.py`."""

    folder: Path

    def run(
        self, revision: Revision, section: Section, conversation: Conversation, connection: Connection
    ) -> tuple[HandFailure, ...]:
        """Run one section of a revision's files, and return what fails."""
        script, module = (self.folder / f"{revision.label}.{ending}" for ending in ("sql", "py"))
        found = list(_run_script(script, section, connection)) if script.is_file() else []
        if module.is_file() and (said := conversation.by_hand(module, section)) is not None:
            found.append(HandFailure(str(module), section, f"{section}()", said))
        return tuple(found)

    def has(self, revision: Revision) -> bool:
        """Whether there is a file for a revision."""
        return any((self.folder / f"{revision.label}.{ending}").is_file() for ending in ("sql", "py"))

    def unused(self, chain: Chain) -> tuple[str, ...]:
        """Return the files that belong to no revision."""
        known = {item.label for item in chain.revisions}
        files = [one for one in self.folder.glob("*") if one.suffix in {".sql", ".py"}] if self.folder.is_dir() else []
        return tuple(sorted(str(one) for one in files if one.stem not in known and not _is_of_python(one.stem)))


def _is_of_python(name: str) -> bool:
    return name.startswith("_") or name == "conftest"


def _run_script(path: Path, section: Section, connection: Connection) -> Iterator[HandFailure]:
    parts = _SECTION.split(path.read_text(encoding="utf-8"))
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        for statement in read_statements(text) if name == section else ():
            said = _failed(connection, statement.sql)
            if said is not None:
                yield HandFailure(str(path), section, statement.sql, said)


def _failed(connection: Connection, query: str) -> str | None:
    """Run a statement; one that gives rows is an assertion: there is one, and the first value of each is not false."""
    try:
        cursor = connection.execute(query.encode())
    except psycopg.Error as error:
        return str(error).strip()
    if cursor.description is None:
        return None
    rows = cursor.fetchall()
    if not rows:
        return "it gives no row"
    return None if all(row[0] is not False and row[0] is not None for row in rows) else f"it gives {rows[0][0]}"
