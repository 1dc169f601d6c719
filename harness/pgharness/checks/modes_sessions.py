"""Judges what revisions leave in their sessions; a part of the check `modes`."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.checks.modes_told import NAME, label_of
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import LeftSetting, ModesRecord

_BY_NAME = {
    "role": 'op.execute("RESET ROLE") at its end, or SET LOCAL ROLE, which ends with the transaction',
    "session_authorization": 'op.execute("RESET SESSION AUTHORIZATION") at its end',
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
    local = f"SET LOCAL {left.name} = …, or set_config(…, true), which ends with the transaction"
    back = f"op.execute(\"SELECT set_config('{left.name}', '{left.before}', false)\") at its end"
    return f"{local}; in an autocommit block, {back}"


def _printed(setting: str) -> str:
    return f"{setting!r}"
