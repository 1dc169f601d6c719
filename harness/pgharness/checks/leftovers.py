"""At the heads nothing is half done: no invalid index, unvalidated constraint, disabled trigger or unused enum type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.checks.check import Check, Compare
from pgharness.describing.finishing import build_again, enable, enforce, validate
from pgharness.describing.origin import origin
from pgharness.findings import Finding, Harm
from pgharness.records.chain_record import ChainRecord

NAME = "leftovers"

# (kind, property, the value that says "half done") → (the code, what it means, what writes the mend)
HALF_DONE = {
    ("index", "valid", "false"): (
        "PGH-L001",
        "is invalid: a CREATE INDEX CONCURRENTLY failed. Writes maintain it, queries never use it, and IF NOT EXISTS skips it.",
        build_again,
    ),
    ("constraint", "validated", "false"): (
        "PGH-L002",
        "is NOT VALID: existing rows may violate it.",
        validate,
    ),
    ("constraint", "enforced", "false"): (
        "PGH-L003",
        "is NOT ENFORCED: rows that violate it are accepted.",
        enforce,
    ),
    ("trigger", "state", "disabled"): (
        "PGH-L004",
        "is disabled and never fires.",
        enable,
    ),
}


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding]:
    """Judge the catalog at the heads, naming the revision since which each leftover is there."""
    head = record.head
    assert head is not None
    for key, value in head.facts.items():
        said = HALF_DONE.get((key.kind, key.property, value))
        if said is not None:
            code, message, mend = said
            yield Finding(
                check=NAME,
                revision=origin(record, key, value),
                subject=f"{key.kind} {key.object}",
                message=f"{key.kind.capitalize()} {message}",
                mend=mend(ObjectKey(key.kind, key.object), head),
                code=code,
            )
    for name in _unused_enums(head):
        yield Finding(
            check=NAME,
            revision=origin(record, FactKey("type", name, "labels"), head.value("type", name, "labels")),
            subject=f"type {name}",
            message="Unused enum type: no column, domain, function or other object uses it.",
            mend=f'op.execute("DROP TYPE {name}") where the last column of that type is dropped',
            code="PGH-L005",
        )


def _unused_enums(head: Snapshot) -> list[str]:
    """Return the enum types whose name occurs, as a whole, in no other object's facts."""
    enums = [key.object for key in head.facts if key.kind == "type" and key.property == "labels"]
    whole = {name: re.compile(rf'(?<![\w$"]){re.escape(name)}(?![\w$"])') for name in enums}
    used = {
        name
        for key, value in head.facts.items()
        for name in enums
        if whole[name].search(value) and not (key.kind in {"type", "comment", "grant"} and key.object == name)
    }
    return [name for name in enums if name not in used]


CHECK = Check(
    name=NAME,
    harm=Harm.UPKEEP,
    claim="at the heads nothing is invalid, unvalidated, disabled or unused",
    reason="What a migration leaves half done slows writes, accepts bad rows, or makes the next CREATE TYPE fail.",
    mend="finish it, or drop it",
    judge=judge,
    only_at_heads=True,
)
