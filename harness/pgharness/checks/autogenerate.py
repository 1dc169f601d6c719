"""Alembic's own comparison is empty at the heads, and a chain that it drafts anew gives the same catalog."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.facts import FactKey
from pgharness.checks.check import Check, Compare
from pgharness.describing.differences import describe_differences, failure_evidence, failure_in_words
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import DraftRecord, ModelsRecord

NAME = "autogenerate"

# What autogenerate drafts at all; functions, triggers, grants and the like are always written by hand.
DRAFTED_KINDS = frozenset({"table", "column", "constraint", "index", "type"})


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note]:
    """Judge what `alembic check` would say, then the catalog of a whole drafted chain."""
    assert record.draft is not None
    yield from _judge_pending(record.draft)
    yield from _judge_whole_draft(record, record.draft)


def _judge_pending(draft: DraftRecord) -> Iterator[Finding | Note]:
    if draft.comparison_failure is not None:
        yield Finding(
            check=NAME,
            revision=None,
            subject="the comparison at the heads",
            message=f"Alembic cannot compare the models with the database: {failure_in_words(draft.comparison_failure)}",
            mend="correct what the comparison calls in env.py (include_object, compare_type, render_item), or the models",
            evidence=failure_evidence(draft.comparison_failure),
        )
    if draft.untold:
        yield Note(NAME, None, draft.untold)
    for operation in draft.pending:
        yield Finding(
            check=NAME,
            revision=None,
            subject=" ".join(operation.split()),
            message="Autogenerate finds a difference between the models and the migrated database.",
            mend="write a revision that does this, or correct the models",
            evidence=operation,
        )


def _judge_whole_draft(record: ChainRecord, draft: DraftRecord) -> Iterator[Finding | Note]:
    assert record.head is not None
    if draft.failure is not None and draft.failure.sqlstate and _builds(record.models):
        yield Note(
            NAME,
            None,
            "a chain drafted from the models does not run, though the models themselves build, so this is a limit of Alembic's draft: "
            f"{failure_in_words(draft.failure)}",
        )
    elif draft.failure is not None:
        yield Finding(
            check=NAME,
            revision=None,
            subject="a chain drafted from the models",
            message=f"What autogenerate drafts for an empty database does not run: {failure_in_words(draft.failure)}",
            mend="add what is missing to script.py.mako (imports), to env.py (render_item), or to the models",
            evidence=failure_evidence(draft.failure),
        )
    elif draft.snapshot is not None:
        differences = [item for item in difference(record.head, draft.snapshot) if not _is_drift(item, record.models)]
        drafted = [item for item in differences if item.kind in DRAFTED_KINDS and item.property != "position"]
        for told in describe_differences(drafted, left="the chain", right="the drafted chain"):
            yield Finding(
                check=NAME,
                revision=None,
                subject=told.subject,
                message=f"A chain drafted by autogenerate would differ: {told.message}",
                mend="write this part of a revision by hand, or say it in the models so that autogenerate can see it",
                evidence=told.evidence,
            )
        left = sorted({item.kind for item in differences} - DRAFTED_KINDS)
        if left:
            yield Note(
                NAME, None, f"autogenerate never drafts: {', '.join(left)}; these parts of the chain are by hand"
            )


def _builds(models: ModelsRecord | None) -> bool:
    return models is not None and not models.refused


def _is_drift(item: Difference, models: ModelsRecord | None) -> bool:
    """Whether the draft does what the models say and the chain does not: then `drift` tells it."""
    return (
        models is not None and models.snapshot.facts.get(FactKey(item.kind, item.object, item.property)) == item.right
    )


CHECK = Check(
    name=NAME,
    claim="Alembic's own diff at the heads is empty, and its draft of the whole chain gives the same catalog",
    reason="The next draft would carry what the models and the database disagree on into somebody else's revision.",
    mend="write the revision that autogenerate asks for",
    judge=judge,
    needs=frozenset({"draft"}),
    skip_reason="env.py gives no target_metadata to context.configure()",
)
