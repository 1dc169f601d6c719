"""Says what to type where the server remarks that a statement does something else than it says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.names import qualifier, unqualified
from pgharness.catalog.proposing.casts import using
from pgharness.catalog.proposing.python_words import operation
from pgharness.describing.resuming import OUTSIDE
from pgharness.records.kept import KeptObject

_CUT = re.compile(r'identifier "(?P<long>[^\n]+)" will be truncated to "(?P<short>[^\n]+)"')
_LOCAL = re.compile(r"\s*SET\s+LOCAL\s+(?P<setting>(?P<name>TIME\s+ZONE|[\w.]+)\b[^;]*?)\s*;?\s*", re.IGNORECASE)
_CASCADE = re.compile(r"\s+CASCADE\s*(?=;?\s*\Z)", re.IGNORECASE)


def leave_out(sql: str, line: int | None, path: str) -> str:
    """Say that a statement is to go."""
    return f"leave out line {line} of {path}" if line and _is_alone(sql) else f"remove the statement from {path}"


def mend_cut(message: str, path: str) -> str:
    """Say how the server calls it, to be read behind the advice to call it shorter."""
    found = _CUT.search(message)
    return (
        f": write {found['short']} in place of {found['long']} in {path}, where this name suits"
        if found is not None
        else ""
    )


def mend_local(sql: str, line: int | None) -> str:
    """Say how a setting holds for an autocommit block, and no longer."""
    local = _LOCAL.fullmatch(sql)
    if local is None or not line:
        return (
            "write SET without LOCAL there, and RESET behind what it is for, or take it out of the autocommit_block()"
        )
    sets, resets = operation(f"SET {local['setting']}"), operation(f"RESET {local['name']}")
    return (
        f"in place of line {line}: {sets}; and at the end of its block: {resets}; "
        "or take it out of the autocommit_block()"
    )


def mend_cascade(taken: Sequence[ObjectKey], sql: str, line: int | None) -> str:
    """Say how what goes is dropped by its name; as code where the order is known, for of several one may hang on the other."""
    drops = _drops(taken)
    if not drops or not line or not _is_alone(sql) or not _CASCADE.search(sql):
        return "drop by name what is to go, and leave out CASCADE"
    return f"in place of line {line}: {'; '.join(map(operation, (*drops, _CASCADE.sub('', sql))))}"


def _drops(taken: Sequence[ObjectKey]) -> list[str]:
    """Return what drops objects by their names; of several that may hang on each other nothing, but for views, which one statement drops together."""
    if len(taken) == 1:
        return list(filter(None, [_drop(taken[0])]))
    views = [key for key in taken if key.kind in {"view", "materialized view"}]
    others = [key for key in taken if key not in views]
    if len({key.kind for key in views}) > 1 or any(key.kind not in _OF_TABLES for key in others):
        return []
    together = [f"DROP {views[0].kind.upper()} {', '.join(key.object for key in views)}"] if views else []
    return [*map(_drop, others), *together]


def mend_invalid(index: str, line: int | None, path: str) -> str:
    """Say how an index that a failed build has left is taken away before the next."""
    drop = operation(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
    return f"before line {line} of {path}: {drop}, {OUTSIDE}" if line else f"{drop} before it is created"


_OF_TABLES = frozenset({"constraint", "trigger", "policy"})


def mend_kept(kept: KeptObject, line: int | None, path: str) -> str:
    """Say how what stands there comes to be what is asked for, unless it is right as it is."""
    if not line or not _is_alone(kept.statement.sql):
        return "drop it first, or alter it to what is to be, and leave out IF NOT EXISTS"
    code = "; ".join(map(operation, _altering(kept)))
    what = f"in place of line {line}: {code}" if code else "alter it to what is to be, and leave out IF NOT EXISTS"
    if kept.kept.kind == "index":
        what = f"before line {line}: {operation(f'DROP INDEX {kept.kept.object}')}"
    return f"where what stands there is right, leave out line {line} of {path}; or {what}"


def _altering(kept: KeptObject) -> list[str]:
    """Return what alters columns to what is asked for; nothing where something else differs too."""
    asked: dict[str, dict[str, str | None]] = {}
    types = {one.key.object: one.kept or "" for one in kept.differences if one.key.property == "type"}
    for one in kept.differences:
        if one.key.kind != "column" or one.key.property not in {"exists", "type", "not null", "default"}:
            return []
        asked.setdefault(one.key.object, {})[one.key.property] = one.asked
    return [
        statement for column, facts in asked.items() for statement in _altered(column, facts, types.get(column, ""))
    ]


def _altered(column: str, facts: dict[str, str | None], type_: str) -> list[str]:
    alter = f"ALTER TABLE {qualifier(column)}"
    if set(facts) == {"exists", "type"} and facts["exists"] is not None:
        return [f"{alter} ADD COLUMN {unqualified(column)} {facts['type']}"]
    if set(facts) == {"type"} and facts["type"] is not None:
        name, asked = unqualified(column), facts["type"]
        return [f"{alter} ALTER COLUMN {name} TYPE {asked}{using(name, type_, asked)}"]
    return []


def _drop(key: ObjectKey) -> str:
    """Return what drops an object by its name; empty for kinds that are seldom taken along."""
    if key.kind in {"view", "materialized view", "sequence", "function"}:
        return f"DROP {key.kind.upper()} {key.object}"
    if key.kind == "constraint":
        return f"ALTER TABLE {qualifier(key.object)} DROP CONSTRAINT {unqualified(key.object)}"
    if key.kind in {"trigger", "policy"}:
        return f"DROP {key.kind.upper()} {unqualified(key.object)} ON {qualifier(key.object)}"
    return ""


def _is_alone(sql: str) -> bool:
    """Whether it is one statement, so that its line holds nothing else."""
    return ";" not in sql.strip().rstrip(";")
