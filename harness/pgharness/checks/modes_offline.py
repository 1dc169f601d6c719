"""Judges the chain as `alembic upgrade --sql` writes it; a part of the check `modes`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pgharness.checks.check import Compare
from pgharness.checks.modes_told import NAME, charged_by_origin, is_told, label_of, other_end, other_ends
from pgharness.describing.advice import advice
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.describing.writer import writer_of
from pgharness.findings import Finding, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import ScriptRun
from pgharness.records.steps import Failure

COMMAND = "`alembic upgrade head --sql`"
DOUBLED = (
    f"{COMMAND} doubles every percent sign, as for parameters of a driver; with "
    'context.configure(…, dialect_opts={"paramstyle": "named"}) in env.py\'s offline mode it does not'
)
_LITERALS = (
    'in env.py\'s offline mode, context.configure(…, literal_binds=True, dialect_opts={"paramstyle": "named"}), and in upgrade() '
    "statements alone that can be written down"
)


def judge_script(record: ChainRecord, script: ScriptRun, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge the script: that there is none is worth a note, that it fails or leads elsewhere is a finding."""
    if script.untried:
        yield Note(NAME, None, f"the script of {COMMAND} was not run: {script.untried}")
    if script.refusal is not None:
        where = f"{label_of(record, script.revision)}" if script.revision is not None else "env.py"
        yield Note(
            NAME,
            script.revision,
            f"{COMMAND} gives no script, since {where} has none: {failure_in_words(script.refusal)}",
        )
    elif script.failure is not None:
        if not is_told(record, script.revision, script.failure):
            yield _failed(record, script, script.failure)
    elif script.snapshot is not None:
        if script.doubled:
            yield Note(NAME, None, f"{DOUBLED}: {', '.join(label_of(record, revision) for revision in script.doubled)}")
        if script.version_tables:
            yield _elsewhere(*script.version_tables)
        yield from other_ends(
            other_end(record, script.snapshot, compare),
            lambda told: charged_by_origin(record, told),
            names=("alembic upgrade head", "its script"),
            how=f"The script of {COMMAND}, run by psql, leads to another catalog.",
            fix="let upgrade() send the same statements offline: none of them behind context.is_offline_mode(), or behind what a query finds",
            code="PGH-M008",
        )
        yield from _judge_rows(record, script)


def _elsewhere(scripted: str, upgraded: str) -> Finding:
    """Find that a database that the script has brought to its heads is none that `alembic upgrade` knows."""
    return Finding(
        NAME,
        None,
        f"table {scripted}",
        f"The script of {COMMAND} keeps the revision in {scripted}, and `alembic upgrade head` looks for it in {upgraded}: it would run all once more.",
        "let both context.configure() of env.py say the same version_table and version_table_schema, the one of its offline mode too",
        code="PGH-M008",
    )


def _judge_rows(record: ChainRecord, script: ScriptRun) -> Iterator[Finding]:
    """Find the tables into which the script writes otherwise; of one whose rows are not as many, the columns say nothing more."""
    for table, group in groupby(script.rows, key=lambda one: one.table):
        others = list(group)
        counted = next((one for one in others if one.column is None), None)
        columns = ", ".join(one.column for one in others if one.column is not None)
        seen = (
            f"{table} has {counted.upgraded} rows after `alembic upgrade head` and {counted.scripted} after the script"
            if counted is not None
            else f"{table} holds other values in {columns}"
        )
        yield Finding(
            NAME,
            writer_of(record, table),
            f"rows of table {table}",
            f"The script of {COMMAND}, run by psql, writes other rows: {seen}.",
            "let upgrade() write by statements alone, op.execute(…) and op.bulk_insert(…), that are the same offline",
            code="PGH-M008",
        )


def _failed(record: ChainRecord, script: ScriptRun, failure: Failure) -> Finding:
    return Finding(
        NAME,
        script.revision,
        f"script of {label_of(record, script.revision)}",
        f"The script of {COMMAND}, run by psql, fails: {failure_in_words(failure)}",
        _LITERALS.partition(", and ")[0] + ": without it Alembic doubles every percent sign"
        if script.doubled
        else advice(failure, _LITERALS),
        failure_evidence(failure),
        code="PGH-M007",
    )
