"""Says what to type so that a step that was stopped can be run again: by the statement at fault."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pgharness.catalog.diff import Difference
from pgharness.records.held_rows import OtherRows

_NAME = r"""(?P<{}>(?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))*)"""
ONE_TRANSACTION = (
    "let one transaction hold it and the revision's number: take it out of the autocommit block, and send no COMMIT; or let what is done "
    "already be passed over"
)

NO_TRANSACTION = (
    'leave isolation_level="AUTOCOMMIT" out of the engine in {env_py}, so that each revision and its number are one transaction, and put what '
    "cannot run in one into op.get_context().autocommit_block()"
)


@dataclass(frozen=True, slots=True)
class _Resuming:
    """What mends statements of one form; `{…}` in the mend are the groups of the pattern."""

    statement: str
    mend: str


_RESUMING = (
    _Resuming(
        rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\b){_NAME.format('index')}",
        'op.execute("DROP INDEX CONCURRENTLY IF EXISTS {index}") before it, in the same autocommit block: it takes away what a build that '
        "was stopped has left, which IF NOT EXISTS would keep",
    ),
    _Resuming(
        rf"DROP\s+INDEX\s+CONCURRENTLY\s+(?!IF\b){_NAME.format('index')}",
        'op.execute("DROP INDEX CONCURRENTLY IF EXISTS {index}"), or the same by op.drop_index with if_exists=True',
    ),
    _Resuming(
        rf"REINDEX\s.*?INDEX\s+CONCURRENTLY\s+{_NAME.format('index')}",
        'op.execute("DROP INDEX CONCURRENTLY IF EXISTS {index}_ccnew") and the same of {index}_ccold before it',
    ),
    _Resuming(
        rf"ALTER\s+TYPE\s+{_NAME.format('type')}\s+ADD\s+VALUE\s+(?!IF\b)(?P<label>'(?:[^']|'')*')",
        "ALTER TYPE {type} ADD VALUE IF NOT EXISTS {label}",
    ),
    _Resuming(
        rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_NAME.format('table')}\s+DETACH\s+PARTITION\s+{_NAME.format('partition')}\s+CONCURRENTLY",
        "ask first where it stands, and finish what was begun:\n"
        "pending = op.get_bind().scalar(sa.text(\"SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = '{partition}'::regclass\"))\n"
        "if pending is not None:\n"
        '    op.execute("ALTER TABLE {table} DETACH PARTITION {partition} " + ("FINALIZE" if pending else "CONCURRENTLY"))',
    ),
    _Resuming(
        rf"CREATE\s+(?P<kind>TABLE|SEQUENCE|SCHEMA|EXTENSION|(?:UNIQUE\s+)?INDEX)\s+(?!IF\b|CONCURRENTLY\b){_NAME.format('object')}",
        f"{ONE_TRANSACTION}: CREATE {{kind}} IF NOT EXISTS {{object}}",
    ),
    _Resuming(
        rf"DROP\s+(?P<kind>TABLE|SEQUENCE|SCHEMA|EXTENSION|INDEX|TYPE|VIEW)\s+(?!IF\b|CONCURRENTLY\b){_NAME.format('object')}",
        f"{ONE_TRANSACTION}: DROP {{kind}} IF EXISTS {{object}}",
    ),
    _Resuming(
        rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_NAME.format('table')}\s+ADD\s+(?:COLUMN\s+)?(?!IF\b|CONSTRAINT\b|PRIMARY\b|UNIQUE\b|FOREIGN\b|CHECK\b|EXCLUDE\b){_NAME.format('column')}",
        f"{ONE_TRANSACTION}: ALTER TABLE {{table}} ADD COLUMN IF NOT EXISTS {{column}} …",
    ),
    _Resuming(
        rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_NAME.format('table')}\s+ADD\s+CONSTRAINT\s+{_NAME.format('constraint')}",
        f"{ONE_TRANSACTION}: ALTER TABLE {{table}} DROP CONSTRAINT IF EXISTS {{constraint}} before it",
    ),
    _Resuming(
        r"INSERT\s+INTO\b(?!.*\bON\s+CONFLICT\b)",
        f"{ONE_TRANSACTION}: INSERT … ON CONFLICT DO NOTHING",
    ),
)


def mend_repeated(statement: str) -> str:
    """Return what lets a statement be sent again that was sent before."""
    for one in _RESUMING:
        found = re.search(one.statement, statement, re.IGNORECASE | re.DOTALL)
        if found is not None:
            return one.mend.format_map(found.groupdict())
    return ONE_TRANSACTION


def mend_rows(statement: str) -> str:
    """Return what keeps rows from being changed twice by a statement that was committed before the revision's number was."""
    condition = "in a WHERE, let it pass over the rows that are done (… WHERE new_column IS NULL)"
    if re.match(r"\s*INSERT\b", statement, re.IGNORECASE):
        condition = "let it insert only what is missing (ON CONFLICT DO NOTHING, WHERE NOT EXISTS)"
    return f"commit the rows together with the revision's number: outside of an autocommit block, and without COMMIT; or {condition}"


def mend_left(differences: Iterable[Difference], statement: str) -> str:
    """Return what takes away what a stopped statement has left."""
    left = sorted(
        {
            one.object
            for one in differences
            if one.kind == "index" and one.property in {"valid", "exists"} and one.right is not None
        }
    )
    if left and "CREATE" not in statement.upper():
        drops = "; ".join(f'op.execute("DROP INDEX CONCURRENTLY IF EXISTS {name}")' for name in left)
        return f"{drops} before it, in the same autocommit block"
    return mend_repeated(statement)


def others_in_words(other: OtherRows, by_itself: str) -> str:
    """Say how a table's rows differ from those that `by_itself` leaves."""
    if other.count != other.expected_count:
        return f"{other.count} where {by_itself} leaves {other.expected_count}"
    if not other.column:
        return "the same values, combined otherwise"
    return f"{other.column} is {other.found} where {by_itself} leaves {other.expected}"
