"""Says how what is half done is finished, each statement so that nobody waits for it and so that it can be run again."""

from __future__ import annotations

import re

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import qualifier, unqualified
from pgharness.catalog.proposing.python_words import operation

_BLOCK = "with op.get_context().autocommit_block(): "
_CREATES = re.compile(r"^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY\b)")
_UNFINISHED = re.compile(r"\s+NOT (ENFORCED|VALID)\b")


def build_again(key: ObjectKey, head: Snapshot) -> str:
    """Say how an invalid index is built anew; in words where it is a constraint's, or a part of another one."""
    definition = head.value(*key, "definition") or ""
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {key.object}"
    if not _CREATES.match(definition) or head.value(*key, "partition of") is not None:
        return f"{operation(drop)} before it is created again"
    built = _CREATES.sub(r"\g<0>CONCURRENTLY ", definition)
    return f"write a revision: {_BLOCK}{operation(drop)}; {operation(built)}"


def validate(key: ObjectKey, _head: Snapshot) -> str:
    """Say how a constraint that is NOT VALID is validated."""
    table, name = qualifier(key.object), unqualified(key.object)
    return f"write a revision: {_BLOCK}{operation(f'ALTER TABLE {table} VALIDATE CONSTRAINT {name}')}; or drop it"


def enforce(key: ObjectKey, head: Snapshot) -> str:
    """Say how a constraint that is NOT ENFORCED is made anew as one that is."""
    table, name = qualifier(key.object), unqualified(key.object)
    written = _UNFINISHED.sub("", head.value(*key, "definition") or "")
    drop = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
    steps = (
        drop,
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {written} NOT VALID",
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",
    )
    return f"write a revision: {_BLOCK}{'; '.join(map(operation, steps))}; or drop it"


def enable(key: ObjectKey, _head: Snapshot) -> str:
    """Say how a trigger that is disabled fires again."""
    table, name = qualifier(key.object), unqualified(key.object)
    return (
        f"write a revision: {operation(f'ALTER TABLE {table} ENABLE TRIGGER {name}')}; or drop it: "
        f"{operation(f'DROP TRIGGER {name} ON {table}')}"
    )
