"""Judges the orders in which branches may run; a part of the check `modes`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgharness.catalog.facts import ObjectKey
from pgharness.checks.check import Compare
from pgharness.checks.modes_told import NAME, charged_by_origin, label_of, other_ends
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.findings import Finding, Minor
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import OrderRun
from pgharness.records.steps import Failure

FIX = (
    'say which comes first, depends_on = "<revision>" in the later one, or let both lead to the same end: no CREATE OR REPLACE, IF EXISTS or '
    "IF NOT EXISTS that hides what the other has done"
)


def judge_orders(record: ChainRecord, orders: Sequence[OrderRun], compare: Compare) -> Iterator[Finding | Minor]:
    """Compare every order with the chain's own; a revision that fails, and a difference, is told of the first order that shows it."""
    if not orders or orders[0].snapshot is None:
        return
    own, told = orders[0], set[object]()
    for order in orders[1:]:
        if order.failure is not None and order.revision not in told:
            told.add(order.revision)
            yield _failed(record, own, order, order.failure)
        elif order.snapshot is not None and own.snapshot is not None:
            names = (_in_words(record, own.order), _in_words(record, order.order))
            differences = [
                one for one in compare(own.snapshot, order.snapshot) if ObjectKey(one.kind, one.object) not in told
            ]
            told.update(ObjectKey(one.kind, one.object) for one in differences)
            yield from other_ends(
                differences,
                lambda one: charged_by_origin(record, one),
                names=names,
                how="Branches that may run in either order end differently.",
                fix=FIX,
                code="PGH-M011",
            )


def _failed(record: ChainRecord, own: OrderRun, order: OrderRun, failure: Failure) -> Finding:
    item = record.record_of(order.revision or "")
    return Finding(
        NAME,
        order.revision,
        f"upgrade of {label_of(record, order.revision)}",
        f"It fails in the order {_in_words(record, order.order)}, which the graph allows, and passes in the order "
        f"{_in_words(record, own.order)}: {failure_in_words(failure)}",
        f'name what it builds upon: depends_on = "<revision>" in {item.revision.path if item is not None else "the revision"}',
        failure_evidence(failure),
        failure.line_in(item.revision.path) if item is not None else None,
        code="PGH-M010",
    )


def _in_words(record: ChainRecord, order: Sequence[str]) -> str:
    return ", ".join(label_of(record, one) for one in order)
