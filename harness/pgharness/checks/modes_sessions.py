"""Judges what revisions leave in their sessions; a part of the check `modes`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.proposing.python_words import operation
from pgharness.checks.modes_told import NAME, label_of
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import LeftSetting, ModesRecord

# A SET that is the whole statement, and of a setting: what stands behind SET is what SET LOCAL takes, too.
_SETS = re.compile(
    r"\s*SET\s+(?:SESSION\s+)?(?!LOCAL\b|SESSION\b|CHARACTERISTICS\b|CONSTRAINTS\b|TRANSACTION\b)(?P<setting>[^;]+?)\s*;?\s*",
    re.IGNORECASE,
)
_BY_NAME = {
    "role": 'at the end of upgrade(): op.execute("RESET ROLE"); or SET LOCAL ROLE, which ends with the transaction',
    "session_authorization": 'at the end of upgrade(): op.execute("RESET SESSION AUTHORIZATION")',
}


def judge_sessions(record: ChainRecord, modes: ModesRecord) -> Iterator[Finding]:
    """Find each setting that a revision leaves otherwise than it found it."""
    for left in modes.left:
        yield Finding(
            NAME,
            left.revision,
            f"setting {left.name} after {label_of(record, left.revision)}",
            f"It leaves {left.name} at {_printed(left.after)} in its session, where it found {_printed(left.before)}: revisions that run "
            "there after it, and Alembic itself, run under that; in a process of their own they do not.",
            _fix(left),
            f"statement: {left.statement.strip()}" if left.statement else "",
            left.line,
            code="PGH-M006",
        )


def _fix(left: LeftSetting) -> str:
    if left.name in _BY_NAME:
        return _BY_NAME[left.name]
    sets = _SETS.fullmatch(left.statement)
    local = f"SET LOCAL {sets['setting']}" if sets is not None else _set_config(left.name, left.after, "true")
    back = _set_config(left.name, left.before, "false")
    place = f"in place of line {left.line}" if left.line else "instead"
    return f"{place}: {operation(local)}, which ends with the transaction; or, in an autocommit block, at its end: {operation(back)}"


def _set_config(name: str, value: str, is_local: str) -> str:
    return "SELECT set_config('{}', '{}', {})".format(name, value.replace("'", "''"), is_local)


def _printed(setting: str) -> str:
    return f"{setting!r}"
