"""Each downgrade restores the exact catalog, each re-upgrade too, and the base leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgharness.catalog.diff import Difference
from pgharness.catalog.names import unqualified, unquoted
from pgharness.catalog.proposing.columns_while_serving import Serving
from pgharness.checks.check import Check, Compare
from pgharness.describing.advice import advice
from pgharness.describing.comparing import Comparison, compare_in_words
from pgharness.describing.differences import (
    ORDER,
    Told,
    describe_differences,
    failure_evidence,
    failure_in_words,
    is_column_order,
    minor_name,
)
from pgharness.describing.downgrade_fixes import code_that_undoes, mend_downgrade, undo_all
from pgharness.describing.failing_downgrades import mend_on_rows, typed_back
from pgharness.describing.nobody_made import mend_put_back
from pgharness.describing.proposals import Proposals
from pgharness.describing.rows_at_fault import passing_in_words, where_in_words
from pgharness.findings import Finding, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure, RevisionRecord

NAME = "roundtrip"
FEWEST_TOLD_AS_ONE = 4
# What SQLAlchemy says where a call has None for a name.
NAMELESS = re.compile("it has no name|have a name", re.IGNORECASE)


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge each revision by itself, and where all hold, the way down from the heads to the base in one go."""
    by_revision = [said for item in record.revisions for said in _judge_revision(item, compare)]
    on_the_way_down = list(_judge_descent(record, compare))
    yield from by_revision
    if not any(isinstance(said, Finding) for said in by_revision):
        yield from on_the_way_down


def _judge_revision(record: RevisionRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge the way back of a revision that has one, then the way there once more."""
    downgrade = record.downgrade
    if downgrade is None:
        return
    if downgrade.failure is not None:
        yield from _judge_failed_downgrade(record, downgrade.failure, compare)
        return
    if record.revision.irreversible is not None:
        yield _finding(
            "PGH-R006",
            record.revision,
            "Declared irreversible, but downgrade() runs.",
            "remove the declaration `irreversible`, or raise NotImplementedError in downgrade()",
        )
    assert downgrade.snapshot is not None
    restoring = compare_in_words(
        compare,
        downgrade.snapshot,
        record.before,
        names=("the catalog after the downgrade", "the catalog before the upgrade"),
        serving=Serving.ON_THE_WAY_BACK,
        standing=record.upgrade.snapshot,
    )
    changed = _changed_by_reupgrade(record, compare)  # in any case, for it tells which ignore rules are used
    yield from _judge_restored(record, restoring)
    yield from _judge_rows(record)
    # Where the downgrade left something behind, that is the cause, and it has been told.
    if not restoring.differences:
        yield from _judge_reupgrade(record, changed)


def _judge_rows(record: RevisionRecord) -> Iterator[Finding]:
    """Tell what passes on some rows, or on none, and fails on others: the way back, and the way there once more."""
    passing = passing_in_words(record.population)
    back, again = record.downgrade_rows_failure, record.reupgrade_rows_failure
    if back is not None:
        yield _failed(
            "PGH-R003",
            record.revision,
            f"downgrade() passes {passing} but fails {where_in_words(back)}: {failure_in_words(back)}",
            mend_on_rows(record, back),
            back,
        )
    if again is not None:
        otherwise = f"let downgrade() in {record.revision.path} leave rows that upgrade() can take, as it met them"
        yield _failed(
            "PGH-R008",
            record.revision,
            f"Upgrading again after downgrade() passes {passing} but fails {where_in_words(again)}: {failure_in_words(again)}",
            advice(again, otherwise),
            again,
        )


def _judge_reupgrade(record: RevisionRecord, changed: tuple[Difference, ...]) -> Iterator[Finding | Note | Minor]:
    """Judge the upgrade behind a downgrade that has restored all; `changed` is what it made otherwise than the first."""
    if record.reupgrade is None:
        return
    failure = record.reupgrade.failure
    if failure is not None:
        yield _failed(
            "PGH-R007",
            record.revision,
            f"Upgrading again after downgrade() fails: {failure_in_words(failure)}",
            f"undo in downgrade() of {record.revision.path} everything that upgrade() does",
            failure,
        )
    else:
        yield from _judge_reupgraded(record.revision, changed)


def _changed_by_reupgrade(record: RevisionRecord, compare: Compare) -> tuple[Difference, ...]:
    """Return what the second upgrade made otherwise than the first, where there was one."""
    first, second = record.upgrade.snapshot, record.reupgrade.snapshot if record.reupgrade is not None else None
    return compare(first, second) if first is not None and second is not None else ()


def _corrected(revision: Revision, failure: Failure) -> str:
    """Return how to correct a downgrade; one that raises by itself may say that there is none."""
    raises = '; where there is no way back, raise NotImplementedError in it and declare irreversible = "<reason>" beside its code'
    is_own = failure.error in {"Exception", "RuntimeError"} and failure.statement is None
    return f"correct downgrade() in {revision.path}{raises if is_own else ''}"


def _judge_failed_downgrade(record: RevisionRecord, failure: Failure, compare: Compare) -> Iterator[Finding]:
    revision = record.revision
    if failure.refused and revision.irreversible is not None:
        return
    if failure.refused:
        yield _finding(
            "PGH-R001",
            revision,
            f"downgrade() refuses to run: {failure.error}: {failure.message}",
            f'{_way_back(record, compare)}where there is none, declare irreversible = "<reason>" beside its code',
        )
    else:
        yield _failed(
            "PGH-R002",
            revision,
            f"downgrade() fails: {failure_in_words(failure)}",
            _named(record, failure, compare)
            or typed_back(record, failure, advice(failure, _corrected(revision, failure))),
            failure,
        )


def _way_back(record: RevisionRecord, compare: Compare) -> str:
    """Return what to write where a downgrade refuses, and what parts it from other words: it may refuse what its statements have found."""
    if record.downgrade is not None and any(one.file for one in record.downgrade.statements):
        return "let it take along the rows that it refuses, which upgrade() met too; "
    if record.upgrade.snapshot is None:
        return "write the way back; "
    names = ("what upgrade() makes", "the catalog before it")
    restoring = compare_in_words(
        compare,
        record.upgrade.snapshot,
        record.before,
        names=names,
        serving=Serving.ON_THE_WAY_BACK,
        standing=record.upgrade.snapshot,
    )
    code = code_that_undoes(restoring.proposals)
    return f"write the way back: {code}{'' if code.endswith(chr(10)) else '; '}" if code else "write the way back; "


def _named(record: RevisionRecord, failure: Failure, compare: Compare) -> str:
    """Return the calls with the names that PostgreSQL gave, where downgrade() names no constraint or index; empty elsewhere."""
    if failure.sqlstate or not NAMELESS.search(failure.message) or record.upgrade.snapshot is None:
        return ""
    names = ("what upgrade() makes", "the catalog before it")
    proposals = compare_in_words(compare, record.upgrade.snapshot, record.before, names=names).proposals
    calls = [line for key, one in proposals.items() if key.kind in ("constraint", "index") for line in one.operations]
    return f"name it, as PostgreSQL does: {'; '.join(calls)} in downgrade() of {record.revision.path}" if calls else ""


def _judge_restored(record: RevisionRecord, restoring: Comparison) -> Iterator[Finding | Note | Minor]:
    """Judge what a downgrade left; the comparison leads from that to what was before."""
    revision = record.revision
    order, facts = _split(restoring.differences)
    told = [one for one in restoring.told if one.kind != ORDER]
    if told and all(map(_only_validates, told)):
        kept = ", ".join(one.subject for one in told)
        yield Note(NAME, revision.revision, f"its downgrade leaves validated what is NOT VALID before it: {kept}")
        return
    is_untouched = record.downgrade is not None and record.upgrade.snapshot == record.downgrade.snapshot
    if facts and is_untouched and not minor_name(facts):
        yield _changes_nothing(revision, told, restoring.proposals)
        return
    for one in told:
        finding = _finding(
            "PGH-R004",
            revision,
            f"downgrade() does not restore the catalog. {one.message}",
            mend_put_back(record, _name_of(one), mend_downgrade(one, record, restoring.proposals)),
            one.evidence,
            subject=one.subject,
        )
        name = minor_name(one.differences)
        yield Minor(name, finding) if name else finding
    yield from _note_order(revision, order, "its downgrade")


def _name_of(told: Told) -> str:
    """Return the bare name of what a downgrade leaves; of a function, without what it takes."""
    return unquoted(unqualified(told.key.object.partition("(")[0]))


def _only_validates(told: Told) -> bool:
    """Whether a constraint is as it was but for having been validated, which takes nothing away and is no state to go back to."""
    return all(
        one.property == "validated"
        or (one.property == "definition" and one.left is not None and one.right == f"{one.left} NOT VALID")
        for one in told.differences
    )


def _changes_nothing(revision: Revision, told: Sequence[Told], proposals: Proposals) -> Finding:
    """Tell of a downgrade that does nothing all that it has to do."""
    return _finding(
        "PGH-R005",
        revision,
        "downgrade() changes nothing: the catalog stays as upgrade() left it.",
        undo_all(revision.path, proposals),
        "\n".join(_by_message(told)),
    )


def _by_message(told: Sequence[Told]) -> Iterator[str]:
    """Yield what differs, a line for each; of many objects of which the same is true, one line for all of a kind."""
    alike: dict[tuple[str, str], list[Told]] = {}
    for one in told:
        alike.setdefault((one.key.kind, one.message), []).append(one)
    for (kind, message), group in alike.items():
        if len(group) < FEWEST_TOLD_AS_ONE:
            yield from (f"{one.subject}: {message}" for one in group)
        else:
            yield f"{len(group)} × {kind}: {message.rstrip('.')}: {', '.join(one.key.object for one in group)}"


def _judge_reupgraded(revision: Revision, changed: tuple[Difference, ...]) -> Iterator[Finding | Note | Minor]:
    order, facts = _split(changed)
    for told in describe_differences(facts, left="the first upgrade", right="the upgrade after a downgrade"):
        finding = _finding(
            "PGH-R009",
            revision,
            f"Upgrading again after downgrade() gives a different catalog. {told.message}",
            f"make upgrade() in {revision.path} independent of what downgrade() does not restore",
            told.evidence,
            subject=told.subject,
        )
        name = minor_name(told.differences)
        yield Minor(name, finding) if name else finding
    yield from _note_order(revision, order, "its re-upgrade")


def _judge_descent(record: ChainRecord, compare: Compare) -> Iterator[Finding]:
    descent = record.descent
    if descent is None:
        return
    if descent.failure is not None:
        stopped = record.record_of(descent.failed_at or "")
        if stopped is not None and not descent.failure.refused:
            yield _failed(
                "PGH-R010",
                stopped.revision,
                "downgrade() passes right after upgrade(), but fails on the way down from the heads: "
                f"{failure_in_words(descent.failure)}",
                typed_back(
                    stopped,
                    descent.failure,
                    advice(
                        descent.failure,
                        f"correct the downgrade() of {stopped.revision.path} or of the revision after it",
                    ),
                ),
                descent.failure,
            )
    elif descent.snapshot is not None:
        for told in describe_differences(
            compare(record.base, descent.snapshot),
            left="the empty database",
            right="the base, downgraded to",
        ):
            yield Finding(
                check=NAME,
                revision=None,
                subject=told.subject,
                message=f"`alembic downgrade base` leaves objects behind. {told.message}",
                mend="drop it in the downgrade() of the revision that creates it",
                evidence=told.evidence,
                code="PGH-R011",
            )


def _split(differences: tuple[Difference, ...]) -> tuple[list[Difference], list[Difference]]:
    """Distinguish differences of column order, which no downgrade of a dropped column can avoid, from the others."""
    order = [item for item in differences if is_column_order(item)]
    return order, [item for item in differences if not is_column_order(item)]


def _note_order(revision: Revision, order: list[Difference], what: str) -> Iterator[Note]:
    tables = sorted({item.object.rpartition(".")[0] for item in order})
    if tables:
        yield Note(NAME, revision.revision, f"{what} changes the order of columns in {', '.join(tables)}")


def _finding(
    code: str, revision: Revision, message: str, mend: str, evidence: str = "", *, subject: str = ""
) -> Finding:
    named = subject or f"downgrade of {revision.label}"
    return Finding(NAME, revision.revision, named, message, mend, evidence, code=code)


def _failed(code: str, revision: Revision, message: str, mend: str, failure: Failure) -> Finding:
    finding = _finding(code, revision, message, mend, failure_evidence(failure))
    return replace(finding, line=failure.line_in(revision.path))


CHECK = Check(
    name=NAME,
    claim="each downgrade restores the exact catalog, each re-upgrade too, and the base leaves nothing behind",
    reason="A downgrade runs in an emergency; what it leaves behind makes the next upgrade fail.",
    mend="undo in downgrade() everything that upgrade() does",
    judge=judge,
    compares=True,
    needs=frozenset({"roundtrips"}),
)
