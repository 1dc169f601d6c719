"""Judges the orders in which branches may run; a part of the check `modes`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing.python_words import string
from pgharness.checks.check import Compare
from pgharness.checks.modes_told import NAME, charged_by_origin, label_of, other_ends
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.findings import Finding, Minor
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import OrderRun
from pgharness.records.steps import Failure

SAME_END = "or let both lead to the same end: no CREATE OR REPLACE, IF EXISTS or IF NOT EXISTS that hides what the other has done"


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
            for one in other_ends(
                differences,
                lambda told: charged_by_origin(record, told),
                names=names,
                how="Branches that may run in either order end differently.",
                fix="",
                code="PGH-M011",
            ):
                yield _with_order(record, own, one)


def _with_order(record: ChainRecord, own: OrderRun, found: Finding | Minor) -> Finding | Minor:
    """Say that the revision at fault comes where it does in the chain's own order, whose end production has."""
    if isinstance(found, Minor):
        return replace(found, finding=replace(found.finding, mend=_fix(record, own.order, found.finding.revision)))
    return replace(found, mend=_fix(record, own.order, found.revision))


def _fix(record: ChainRecord, order: Sequence[str], revision: str | None) -> str:
    return f"say which comes first, as it is in the chain's own order: {_depends_on(record, order, revision, ())}; {SAME_END}"


def _depends_on(record: ChainRecord, order: Sequence[str], revision: str | None, ahead: Sequence[str]) -> str:
    """Write what a revision depends on: all that runs before it in `order` and need not, and did not run `ahead` where it fails.

    Where there is nothing of that kind, it is what ran ahead of it that has to wait.
    """
    if revision is None or revision not in order:
        return 'depends_on = "<revision>" in the later one'
    place = order.index(revision)
    if free := _free(record, order[:place], revision, ahead):
        return _declared(record, revision, free)
    early = [one for one in ahead if one in order[place + 1 :]]
    first = [one for one in early if not record.chain.ancestors(one) & ({*early} - {one})]
    return (
        " and ".join(_declared(record, one, [revision]) for one in first)
        or 'depends_on = "<revision>" in the later one'
    )


def _free(record: ChainRecord, before: Sequence[str], revision: str, ahead: Sequence[str]) -> list[str]:
    """Return the last of each branch of what runs before a revision without need."""
    above = record.chain.ancestors(revision)
    free = [one for one in before if one not in above and one not in ahead]
    return [one for one in free if not any(one in record.chain.ancestors(other) for other in free if other != one)]


def _declared(record: ChainRecord, revision: str, names: Sequence[str]) -> str:
    item = record.record_of(revision)
    known = item.revision.depends_on if item is not None else ()
    every = tuple(dict.fromkeys((*known, *names)))
    written = string(every[0]) if len(every) == 1 else f"({', '.join(map(string, every))})"
    return f"depends_on = {written} in {item.revision.path if item is not None else revision}"


def _failed(record: ChainRecord, own: OrderRun, order: OrderRun, failure: Failure) -> Finding:
    item = record.record_of(order.revision or "")
    return Finding(
        NAME,
        order.revision,
        f"upgrade of {label_of(record, order.revision)}",
        f"It fails in the order {_in_words(record, order.order)}, which the graph allows, and passes in the order "
        f"{_in_words(record, own.order)}: {failure_in_words(failure)}",
        f"name what it builds upon: {_depends_on(record, own.order, order.revision, _ahead(order))}",
        failure_evidence(failure),
        failure.line_in(item.revision.path) if item is not None else None,
        code="PGH-M010",
    )


def _ahead(order: OrderRun) -> Sequence[str]:
    """Return what ran before the revision that fails."""
    return order.order[: order.order.index(order.revision)] if order.revision in order.order else ()


def _in_words(record: ChainRecord, order: Sequence[str]) -> str:
    return ", ".join(label_of(record, one) for one in order)
