"""Watches what each revision leaves in its session: settings that are otherwise than the revision found them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pgharness.chain.watch import Ask, Moment
from pgharness.records.modes import LeftSetting
from pgharness.records.statements import Statement
from pgharness.records.steps import Step

# What is set for this session alone, and what it is without that; a transaction's own characteristics end with it. Two are in no view.
SETTINGS = (
    "SELECT name, setting, coalesce(reset_val, '') FROM pg_catalog.pg_settings "
    "WHERE source = 'session' AND name NOT LIKE 'transaction~_%' ESCAPE '~' "
    "UNION ALL SELECT 'role', pg_catalog.current_setting('role'), 'none' "
    "UNION ALL SELECT 'session_authorization', session_user::text, session_user::text"
)
# What an application calls its own has a point in its name (manual, "Customized Options").
_OWN = re.compile(
    r"\bSET\s+(?:SESSION\s+)?([a-z_]\w*\.[a-z_]\w*)\s*(?:=|TO\b)|\bset_config\s*\(\s*'([a-z_]\w*\.[a-z_]\w*)'",
    re.IGNORECASE,
)
Rows = Sequence[tuple[str | None, ...]]
_ANY_OTHER: Mapping[str, str] = {
    "role": r"SET\s+(?:SESSION\s+|LOCAL\s+)?ROLE\b|RESET\s+ROLE\b",
    "session_authorization": r"SESSION\s+AUTHORIZATION",
    "TimeZone": r"TIME\s+ZONE|timezone",
    "default_transaction_isolation": r"SESSION\s+CHARACTERISTICS",
    "default_transaction_read_only": r"SESSION\s+CHARACTERISTICS",
    "default_transaction_deferrable": r"SESSION\s+CHARACTERISTICS",
}


class SessionWatch:
    """Looks at the settings after each step; `found` are the rows of SETTINGS before the first one."""

    wants: frozenset[Moment] = frozenset()

    def __init__(self, found: Rows) -> None:
        self._before = _by_name(found)
        self._changed: tuple[tuple[str, str, str], ...] = ()

    def before_statement(self, statement: Statement, ask: Ask) -> None:
        """Nothing is asked for here."""

    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """Nothing is asked for here."""

    def after_commit(self, ask: Ask) -> None:
        """Nothing is asked for here."""

    def after_step(self, step: Step, ask: Ask) -> None:
        """Compare what is set now, once the revision's transaction has ended, and SET LOCAL with it."""
        if step.failure is not None:
            self._changed = ()
            return
        after = _by_name(ask(SETTINGS))
        self._changed = (*_changed(self._before, after), *_own_settings(step, ask))

    def left_by(self, revision: str, path: str, step: Step) -> list[LeftSetting]:
        """Return what the last step, which was this revision's, has left."""
        return [
            LeftSetting(revision, name, before, after, *_origin(name, path, step))
            for name, before, after in self._changed
        ]


def _own_settings(step: Step, ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Yield the settings of an application's own, which no view shows, that the step has set and that are in force still."""
    named = {match[1] or match[2] for one in step.statements for match in _OWN.finditer(one.sql)}
    if named:
        names = ", ".join(f"('{name}')" for name in sorted(named))
        for name, value in ask(
            f"SELECT name, pg_catalog.current_setting(name, true) FROM (VALUES {names}) AS named (name)"
        ):
            if name and value:
                yield name, "", value


def _by_name(rows: Rows) -> dict[str, tuple[str, str]]:
    return {name or "": (setting or "", reset or "") for name, setting, reset in rows}


def _changed(
    before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]
) -> Sequence[tuple[str, str, str]]:
    """Return name and both settings of each that differs; one that the session does not set is what it is without it."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        was = before[name][0] if name in before else after[name][1]
        now = after[name][0] if name in after else before[name][1]
        if was != now:
            found.append((name, was, now))
    return found


def _origin(name: str, path: str, step: Step) -> tuple[str, int | None]:
    """Return the last statement that names the setting, and its line in the revision's file."""
    words = re.compile(rf"\b(?:{_ANY_OTHER.get(name, re.escape(name))})\b", re.IGNORECASE)
    named = next((one for one in reversed(step.statements) if words.search(f"{one.sql} {one.parameters}")), None)
    return (named.sql, named.line if named.file == path else None) if named is not None else ("", None)
