"""Reads a VALIDATE CONSTRAINT as the statement that adds what it validates, which says which rows may be at fault."""

from __future__ import annotations

import re
from dataclasses import replace

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.names import unqualified, unquoted
from pgharness.records.steps import Failure

_NAME = r'(?:"[^"]+"|[\w$]+)'
_VALIDATES = re.compile(
    rf"(?P<alter>ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_NAME}(?:\.{_NAME})?))\s+VALIDATE\s+CONSTRAINT\s+(?P<name>{_NAME})\s*;?\s*$",
    re.IGNORECASE,
)


def as_added(failure: Failure, before: Snapshot) -> Failure:
    """Return the failure with the definition in its statement that the constraint has `before` the revision; as it is where that is not known."""
    found = _VALIDATES.search(failure.statement or "")
    if found is None:
        return failure
    table, name = unquoted(unqualified(found["table"])), unquoted(found["name"])
    for key in before.objects("constraint"):
        holder = unquoted(unqualified(key.object.rpartition(".")[0]))
        definition = before.value(*key, "definition")
        if definition is not None and (holder, unquoted(unqualified(key.object))) == (table, name):
            added = f"{found['alter']} ADD CONSTRAINT {found['name']} {definition.removesuffix(' NOT VALID')}"
            return replace(failure, statement=added)
    return failure
