"""Reads the statements that a release is known to send from a file."""

from __future__ import annotations

import re
from pathlib import Path

from pgharness.plans import read_statement_file
from pgharness.records.old_release import OldStatement

_PARAMETER = re.compile(r"\$([0-9]+)")


def given_statements(path: Path | None) -> tuple[OldStatement, ...]:
    """Return the statements of a file; those of which parameters have no values are parsed alone. Raises CannotRun."""
    if path is None:
        return ()
    found = []
    for text in read_statement_file(path):
        parameters = max((int(number) for number in _PARAMETER.findall(text.sql)), default=0)
        found.append(
            OldStatement(
                "sends it",
                "statement",
                text.name,
                text.sql,
                is_made=False,
                only_parsed=parameters > 0,
                parameters=parameters,
            )
        )
    return tuple(found)
