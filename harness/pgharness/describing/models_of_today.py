"""Says where a revision fails since it, or one before it, goes by the models as they are today."""

from __future__ import annotations

from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure

OF_TODAY = (
    "calls create_all(), which makes what the models are today, and with each release another schema; a later revision that changes its tables "
    "meets what it would make. op.create_table() writes out what they were then"
)
# What is missing by name, and what is there already.
_MISSING = frozenset({"42703", "42P01", "42704"})
_THERE = frozenset({"42701", "42P07", "42710"})


def models_in_words(failure: Failure) -> str:
    """Return which live models a failing revision imports, where what the statement names is missing; else nothing."""
    if failure.sqlstate not in _MISSING or not failure.live_models:
        return ""
    named = ", ".join(failure.live_models)
    return f"; the revision imports {named}, which is that of today and not of when it was written"


def mend_of_models(record: ChainRecord, revision: Revision, failure: Failure, otherwise: str) -> str:
    """Return what frees a revision, or the one before it that is at fault, from the models of today."""
    if models_in_words(failure):
        return (
            f'declare in {revision.path} the tables as they are there, sa.table("<name>", sa.column("<column>"), …), and import no models: '
            "op.execute(), op.bulk_insert() and op.get_bind().execute() take such tables"
        )
    if failure.sqlstate not in _THERE:
        return otherwise
    before = record.chain.ancestors(revision.revision)
    made = [item for item in record.chain.revisions if item.revision in before and item.create_all_line]
    if not made:
        return otherwise
    return f"{made[-1].label} {OF_TODAY}: in {made[-1].path}, line {made[-1].create_all_line}; a database made by the models of then shows what to write"
