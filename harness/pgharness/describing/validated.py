"""Reads a VALIDATE CONSTRAINT as the statement that adds what it validates, which says which rows may be at fault."""

from __future__ import annotations

import re
from dataclasses import replace

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.named import object_named, relation_named
from pgharness.catalog.names import FULL_NAME, NAME
from pgharness.records.steps import Failure

_VALIDATES = re.compile(
    rf"(?P<alter>ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{FULL_NAME}))\s+VALIDATE\s+CONSTRAINT\s+(?P<name>{NAME})\s*;?\s*$",
    re.IGNORECASE,
)


def as_added(failure: Failure, before: Snapshot) -> Failure:
    """Return the failure with the definition in its statement that the constraint has `before` the revision; as it is where that is not known."""
    found = _VALIDATES.search(failure.statement or "")
    if found is None:
        return failure
    table = relation_named(before, found["table"])
    key = object_named(before, "constraint", f"{table.object}.{found['name']}") if table is not None else None
    definition = before.value(*key, "definition") if key is not None else None
    if definition is None:
        return failure
    added = f"{found['alter']} ADD CONSTRAINT {found['name']} {definition.removesuffix(' NOT VALID')}"
    return replace(failure, statement=added)
