"""Python enums and PostgreSQL enums have the same labels in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.proposing.columns_while_serving import Serving
from pgharness.catalog.proposing.enums import labels_of
from pgharness.catalog.rendering.parts import literal
from pgharness.checks.check import Check, Compare
from pgharness.checks.undeclared import undeclared_types
from pgharness.describing.origin import origin
from pgharness.describing.proposals import Proposals, in_words, propose, with_allowance, written_out
from pgharness.findings import Finding, Repeated
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import DeclaredEnum

NAME = "enums"


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Repeated]:
    """Compare each enum type of the models with its Python enum and with the type in the migrated database."""
    assert record.models is not None
    assert record.head is not None
    left_out = undeclared_types(record, record.head, record.models.snapshot)
    for declared in record.models.enums:
        if ObjectKey("type", declared.name) not in left_out:
            yield from _judge_database(record, declared)


def _judge_database(record: ChainRecord, declared: DeclaredEnum) -> Iterator[Repeated]:
    assert record.head is not None
    key = FactKey("type", declared.name, "labels")
    printed = record.head.facts.get(key)
    labels = None if printed is None else labels_of(printed)
    if labels == list(declared.labels):
        return
    subject = f"type {declared.name}"
    finding = Finding(
        check=NAME,
        revision=origin(record, key, printed),
        subject=subject,
        message=_difference_in_words(declared, labels),
        mend=_mend(record, declared, labels),
        evidence=f"models:   {_listed(declared.labels)}\ndatabase: {_listed(labels) if labels else 'no such enum type'}",
        code=_code(declared, labels),
    )
    yield Repeated("drift", finding, subject)


def _code(declared: DeclaredEnum, labels: Sequence[str] | None) -> str:
    if labels is None:
        return "PGH-E001"
    return "PGH-E003" if sorted(labels) == sorted(declared.labels) else "PGH-E002"


def _difference_in_words(declared: DeclaredEnum, labels: Sequence[str] | None) -> str:
    who = declared.python_enum or "the models"
    if labels is None:
        return f"Exists in {who}, missing in the migrated database."
    missing = [label for label in declared.labels if label not in labels]
    extra = [label for label in labels if label not in declared.labels]
    if missing or extra:
        parts = [f"lacks {_listed(missing)}"] * bool(missing) + [f"has the extra {_listed(extra)}"] * bool(extra)
        return f"Compared with {who}, the database {' and '.join(parts)}."
    return f"Label order differs from {who}, so ORDER BY and < give different results."


def _mend(record: ChainRecord, declared: DeclaredEnum, labels: Sequence[str] | None) -> str:
    """Write what brings the type to the labels that the models declare; one that is to be made comes with the columns of it."""
    assert record.head is not None
    written = (_made(record, declared) if labels is None else "") or in_words(*_proposed(record.head, declared))
    said = with_allowance(f"write a revision: {written}")
    return f"{said}{'' if said.endswith(chr(10)) else '; '}or correct the Python enum"


def _proposed(head: Snapshot, declared: DeclaredEnum) -> tuple[ObjectKey, Proposals]:
    key = ObjectKey("type", declared.name)
    labels = {
        FactKey(*key, "exists"): "enum",
        FactKey(*key, "labels"): _listed(declared.labels) or "none",
    }
    return key, propose(head, replace(head, facts=dict(sorted({**head.facts, **labels}.items()))))


def _made(record: ChainRecord, declared: DeclaredEnum) -> str:
    """Return what makes the type, and leads over the columns that have it in the models; empty where the models make none."""
    assert record.head is not None
    assert record.models is not None
    models = record.models.snapshot
    if models.value("type", declared.name, "labels") is None:
        return ""
    of_it = {one for one in models.objects("column") if models.value(*one, "type") in _types(declared)}
    proposed = propose(record.head, models, serving=Serving.ON_THE_WAY_UP)
    wanted = {ObjectKey("type", declared.name), *of_it}
    lines = [line for key, one in proposed.items() if key in wanted and not one.reason for line in one.operations]
    return written_out(lines)


def _types(declared: DeclaredEnum) -> tuple[str, str]:
    return declared.name, f"{declared.name}[]"


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(map(literal, labels))


CHECK = Check(
    name=NAME,
    claim="Python enums, PostgreSQL enums and their order agree",
    reason="A label that only one side knows fails at run time; another order changes every comparison and sort.",
    mend="add the label in the right place, or correct the Python enum",
    of_today=True,
    judge=judge,
    needs=frozenset({"models"}),
    uses=frozenset({"comparison"}),
    skip_reason='no models: set metadata = "package.module:Base" in [tool.pgharness], or target_metadata in env.py',
)
