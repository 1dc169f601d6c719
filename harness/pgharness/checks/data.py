"""What tables hold survives a revision: values and rows that stand before it are there after up, down, and up again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.names import unqualified, unquoted
from pgharness.checks.check import Check, Compare
from pgharness.checks.contents import GIVEN_NUMBERS, NAME, judge_contents
from pgharness.checks.contents_fixes import DECLARE
from pgharness.describing.contents import in_one_line
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.describing.given_numbers import mend_copied, mend_given
from pgharness.describing.newer_rows import what_to_do
from pgharness.describing.untypical import is_untypical
from pgharness.describing.writer import insert_of, writer_of
from pgharness.findings import Finding, Harm, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.given_numbers import GivenNumber
from pgharness.records.steps import Failure, RevisionRecord
from pgharness.rows.population import Population

CHANGES_ROWS = re.compile(r"\s*(?:UPDATE|DELETE|MERGE|INSERT\b(?!.*\bVALUES\b).*\bSELECT)\b", re.IGNORECASE | re.DOTALL)


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge each revision by the rows that it met."""
    for path in record.unused_by_hand:
        yield Finding(
            NAME,
            None,
            f"file {path}",
            "No revision has a file of that name, so nobody runs what stands there.",
            "call it like the revision's file, with .sql or .py, or remove it",
            code="PGH-V013",
        )
    yield from _judge_numbers(record)
    for item in record.revisions:
        yield from _judge_by_hand(item)
        yield from _untried(item)
        if item.newer_rows_failure is not None:
            yield _judge_newer_rows(item, item.newer_rows_failure, redacts=record.redacts)
        yield from judge_contents(item, redacts=record.redacts)


def tried(record: ChainRecord) -> frozenset[str]:
    """Return the revisions that met rows; those that fail on all, or refuse them, were tried on empty tables alone."""
    return frozenset(one.revision.revision for one in record.revisions if one.population is not Population.NONE)


def _judge_numbers(record: ChainRecord) -> Iterator[Finding | Minor]:
    """Find rows that have the numbers which their sequence gives next.

    Those that a revision writes out itself are few, and each refused INSERT moves the sequence on. Those that it copies, or gives a new
    sequence, are as many as production has: they are none where nobody had any rows, as where the chain is deployed anew. Where that fails, they
    cannot be told apart.
    """
    is_deployed = record.deployment is not None and record.deployment.failure is None
    seeded = {(one.table, one.column) for one in record.deployment.given} if record.deployment is not None else set()
    copied = {
        (one.table, one.column): _copied(item, one, redacts=record.redacts)
        for item in record.revisions
        for one in item.upgrade.given
        if is_deployed and (one.table, one.column) not in seeded
    }
    yield from copied.values()
    for one in record.deployment.given if record.deployment is not None else ():
        writer = writer_of(record, one.table)
        if writer is not None:
            number = "a number" if record.redacts else f"number {one.number}"
            item = record.record_of(writer)
            insert = insert_of(item, one.table) if item is not None else None
            found = Finding(
                NAME,
                writer,
                f"column {one.table}.{one.column}",
                f"A row has {number}, and its sequence gives it once more: the INSERT that gets it fails (duplicate key).",
                mend_given(item, insert, one.table, one.column),
                f"statement: {in_one_line(insert.sql)}" if insert is not None and not record.redacts else "",
                insert.line if insert is not None else None,
                code="PGH-V014",
            )
            yield Minor(GIVEN_NUMBERS, found)


def _copied(item: RevisionRecord, given: GivenNumber, *, redacts: bool) -> Finding:
    insert = insert_of(item, given.table)
    number = "" if redacts else f" ({given.number} first)"
    return Finding(
        NAME,
        item.revision.revision,
        f"column {given.table}.{given.column}",
        f"Rows of before have their numbers there, and sequence {given.sequence} gives them once more{number}: each INSERT that gets one fails "
        "(duplicate key), as many times as there are rows.",
        f"{mend_copied(item, given)}; {DECLARE.replace('the loss', 'it')}",
        f"statement: {in_one_line(insert.sql)}" if insert is not None else "",
        insert.line if insert is not None else None,
        code="PGH-V014",
    )


def _judge_by_hand(item: RevisionRecord) -> Iterator[Finding]:
    """Judge what people wrote by hand for a revision."""
    steps = [step for step in (item.upgrade, item.downgrade) if step is not None]
    for one in (*item.by_hand, *(failure for step in steps for failure in step.by_hand)):
        yield Finding(
            NAME,
            item.revision.revision,
            f"{one.section} of {item.revision.label}",
            f"`{in_one_line(one.asked)}` of {one.path} fails: {one.said.splitlines()[0]}",
            f"correct {item.revision.path}, or what is expected of it",
            one.said,
            code="PGH-V012",
        )


def _untried(item: RevisionRecord) -> Iterator[Note]:
    """Say which statements met no row, so that nothing is known of what they do; those that fail on rows were tried."""
    if (code := _met_none(item)) is not None:
        words = f"what it does to rows was not looked at, as it fails on them ({code}): mend that first"
        yield Note(NAME, item.revision.revision, words)
        return
    up = (item.upgrade_rows_failure, item.reupgrade_rows_failure)
    down = (item.downgrade_rows_failure, item.newer_rows_failure)
    for step, failures in ((item.upgrade, up), (item.downgrade, down)):
        tried = {failure.statement for failure in failures if failure is not None}
        statements = step.statements if step is not None and step.met is not None else ()
        met = {
            _but_numbers(one.sql) for one in statements if one.rows
        }  # a loop over batches ends with one that is empty
        for one in statements:
            if (
                one.file == item.revision.path
                and one.rows == 0
                and one.sql not in tried
                and _but_numbers(one.sql) not in met
                and CHANGES_ROWS.match(one.sql)
            ):
                yield Note(
                    NAME,
                    item.revision.revision,
                    f"`{in_one_line(one.sql)}` (line {one.line}) met no row, so what it does was not tried: give it rows under "
                    f"`-- before` in {item.revision.label}.sql of the setting `data_folder`",
                )


def _met_none(item: RevisionRecord) -> str | None:
    """Return what was found of a revision that could be tried on empty tables alone; None of one that met rows, or refuses them."""
    if item.population is not Population.NONE:
        return None
    if is_untypical(item):
        return "PGH-U009"
    failures = (item.upgrade_rows_failure, item.downgrade_rows_failure, item.reupgrade_rows_failure)
    codes = zip(("PGH-U002", "PGH-R003", "PGH-R008"), failures, strict=True)
    return next((code for code, failure in codes if failure is not None and not failure.refused), None)


def _but_numbers(sql: str) -> str:
    return re.sub(r"\d+", "0", sql)


def _judge_newer_rows(item: RevisionRecord, failure: Failure, *, redacts: bool) -> Finding | Note:
    """Judge a downgrade that passes on the rows of before, and fails on those that came meanwhile."""
    rows = "" if redacts else "\n".join(item.newer_rows)
    if failure.refused:
        return Note(
            NAME, item.revision.revision, f"downgrade() refuses rows that only the new schema admits: {failure.message}"
        )
    met = item.upgrade.snapshot or item.before
    return Finding(
        NAME,
        item.revision.revision,
        f"downgrade of {item.revision.label}",
        f"downgrade() fails on rows that only the new schema admits: {failure_in_words(failure)}",
        f"{what_to_do(failure, item.revision.path, failure.line_in(item.revision.path), met)}{_not_reached(item, failure)}; {DECLARE}",
        f"{rows}\n{failure_evidence(failure)}".strip(),
        failure.line_in(item.revision.path),
        code="PGH-V011",
    )


def _not_reached(item: RevisionRecord, failure: Failure) -> str:
    """Say of which tables rows, too, are such as only the new schema admits, where a downgrade stops at one before it comes to them."""
    tables = dict.fromkeys(one.partition(": ")[0] for one in item.newer_rows)
    named = set(re.findall(r"\w+", failure.statement or ""))
    others = [one for one in tables if unquoted(unqualified(one)) not in named]
    return f"; what is told of {', '.join(others)} it has not come to yet" if others and failure.statement else ""


CHECK = Check(
    name=NAME,
    harm=Harm.DATA,
    claim="values and rows that stand before a revision are there after up, down and up again",
    reason="A migration that loses contents passes on an empty database, and in production there is no second copy.",
    mend="keep what stands there, or declare the loss",
    judge=judge,
    needs=frozenset({"roundtrips", "contents"}),
    tried=tried,
    tells_untried=True,
)
