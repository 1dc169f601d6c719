"""Says what to type so that a step that was stopped can be run again: by the statement at fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pgharness.catalog.diff import Difference
from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import NAME, qualifier, unqualified, unquoted
from pgharness.catalog.proposing.python_words import operation, string
from pgharness.catalog.rendering.parts import literal
from pgharness.records.held_rows import OtherRows

_NAME = rf"(?P<{{}}>{NAME}(?:\.{NAME})*)"
_FLAGS = re.IGNORECASE | re.DOTALL
OUTSIDE = "in no transaction either (in the same autocommit block, or behind the same COMMIT)"
"""Where what is done CONCURRENTLY stands beside the like."""
_TAKES_AWAY = f"{OUTSIDE}: it takes away what a build that was stopped has left, which IF NOT EXISTS would keep"

NO_TRANSACTION = (
    'leave isolation_level="AUTOCOMMIT" out of the engine in {env_py}, so that each revision and its number are one transaction, and put what '
    "cannot run in one into op.get_context().autocommit_block()"
)


@dataclass(frozen=True, slots=True)
class _Resuming:
    """What mends statements of one form: `write` makes it of the groups of the pattern, the statement, and where it stands."""

    statement: str
    write: Callable[[Mapping[str, str], str, int | None], str]


def _before(line: int | None, *statements: str) -> str:
    """Say what is sent before the statement."""
    code = "; ".join(map(operation, statements))
    return f"before line {line}: {code}" if line else f"{code} before it"


def _instead(line: int | None, statement: str) -> str:
    """Say what is sent in place of the statement."""
    return f"in place of line {line}: {operation(statement)}" if line else operation(statement)


def _one_transaction(line: int | None, passing: str = "") -> str:
    """Say how nothing is committed before the revision's number, or else how what is done already is `passing`."""
    what = _out_of_block(line)
    over = f", {passing}" if passing else ""
    return f"let one transaction hold it and the revision's number: {what}, and send no COMMIT; or let what is done already be passed over{over}"


def _out_of_block(line: int | None) -> str:
    """Say where a statement is not committed; an autocommit block commits what stands before it too."""
    what = f"line {line}" if line else "it"
    return f"take {what} out of the autocommit block (where it stands before one, put it into a revision of its own, before this one)"


def _with(pattern: str, words: str, statement: str) -> str:
    """Return the statement in one line with words more behind what the pattern finds."""
    more = re.sub(rf"({pattern})", lambda found: f"{found[1]} {words}", statement, count=1, flags=_FLAGS)
    return " ".join(more.split())


def with_column(statement: str) -> str:
    """Return the statement in one line, such that it passes over a column that is there."""
    return " ".join(re.sub(_COLUMN, "ADD COLUMN IF NOT EXISTS ", statement, count=1, flags=_FLAGS).split())


def _leftover(index: str, ending: str) -> str:
    """Return the name of an index that REINDEX CONCURRENTLY makes beside another."""
    schema = qualifier(index)
    name = quoted(f"{unquoted(unqualified(index))}_{ending}")
    return f"{schema}.{name}" if schema else name


def _detached(found: Mapping[str, str], _statement: str, line: int | None) -> str:
    query = f"SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = {literal(found['partition'])}::regclass"
    detach = string(f"ALTER TABLE {found['table']} DETACH PARTITION {found['partition']} ")
    where = f", in place of line {line}" if line else ""
    return (
        f"ask first where it stands, and finish what was begun{where}:\n"
        f"pending = op.get_bind().scalar(sa.text({string(query)}))\n"
        "if pending is not None:\n"
        f'    op.execute({detach} + ("FINALIZE" if pending else "CONCURRENTLY"))'
    )


_COLUMN = r"ADD\s+(?:COLUMN\s+)?(?!IF\b|CONSTRAINT\b|PRIMARY\b|UNIQUE\b|FOREIGN\b|CHECK\b|EXCLUDE\b)"
_TABLE = rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_NAME.format('table')}"
_CREATE = r"CREATE\s+(?:TABLE|SEQUENCE|SCHEMA|EXTENSION|(?:UNIQUE\s+)?INDEX)\b"
_DROP = r"DROP\s+(?:TABLE|SEQUENCE|SCHEMA|EXTENSION|INDEX|TYPE|VIEW)\b"
_RESUMING = (
    _Resuming(
        rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\b){_NAME.format('index')}",
        lambda found, _, line: (
            _before(line, f"DROP INDEX CONCURRENTLY IF EXISTS {found['index']}") + f", {_TAKES_AWAY}"
        ),
    ),
    _Resuming(
        rf"DROP\s+INDEX\s+CONCURRENTLY\s+(?!IF\b){_NAME.format('index')}",
        lambda found, _, line: (
            _instead(line, f"DROP INDEX CONCURRENTLY IF EXISTS {found['index']}")
            + ", or the same by op.drop_index with if_exists=True"
        ),
    ),
    _Resuming(
        rf"REINDEX\s.*?INDEX\s+CONCURRENTLY\s+{_NAME.format('index')}",
        lambda found, _, line: _before(
            line, *(f"DROP INDEX CONCURRENTLY IF EXISTS {_leftover(found['index'], one)}" for one in ("ccnew", "ccold"))
        ),
    ),
    _Resuming(
        rf"ALTER\s+TYPE\s+{_NAME.format('type')}\s+ADD\s+VALUE\s+(?!IF\b)'",
        lambda _, statement, line: _instead(line, _with(r"\bADD\s+VALUE\b", "IF NOT EXISTS", statement)),
    ),
    _Resuming(rf"{_TABLE}\s+DETACH\s+PARTITION\s+{_NAME.format('partition')}\s+CONCURRENTLY", _detached),
    _Resuming(
        rf"{_CREATE}\s+(?!IF\b|CONCURRENTLY\b)",
        lambda _, statement, line: _one_transaction(line, _instead(line, _with(_CREATE, "IF NOT EXISTS", statement))),
    ),
    _Resuming(
        rf"{_DROP}\s+(?!IF\b|CONCURRENTLY\b)",
        lambda _, statement, line: _one_transaction(line, _instead(line, _with(_DROP, "IF EXISTS", statement))),
    ),
    _Resuming(
        rf"{_TABLE}\s+{_COLUMN}",
        lambda _, statement, line: _one_transaction(line, _instead(line, with_column(statement))),
    ),
    _Resuming(
        rf"{_TABLE}\s+ADD\s+CONSTRAINT\s+{_NAME.format('constraint')}",
        lambda found, _, line: _one_transaction(
            line, _before(line, f"ALTER TABLE {found['table']} DROP CONSTRAINT IF EXISTS {found['constraint']}")
        ),
    ),
    _Resuming(
        r"INSERT\s+INTO\b(?!.*\bON\s+CONFLICT\b)",
        lambda _, statement, line: _one_transaction(
            line, _instead(line, " ".join(statement.rstrip("; \n").split()) + " ON CONFLICT DO NOTHING")
        ),
    ),
)


def mend_repeated(statement: str, line: int | None = None) -> str:
    """Return what lets a statement be sent again that was sent before, from this line of the revision."""
    for one in _RESUMING:
        found = re.search(one.statement, statement, _FLAGS)
        if found is not None:
            return one.write(found.groupdict(), statement, line)
    return _one_transaction(line)


def mend_rows(statement: str, line: int | None = None) -> str:
    """Return what keeps rows from being changed twice by a statement that was committed before the revision's number was."""
    condition = "in a WHERE, let it pass over the rows that are done (… WHERE new_column IS NULL)"
    if re.match(r"\s*INSERT\b", statement, re.IGNORECASE):
        condition = "let it insert only what is missing (ON CONFLICT DO NOTHING, WHERE NOT EXISTS)"
    if re.search(r"\bCOMMIT\b", statement, re.IGNORECASE):
        return f"let it send no COMMIT, and commit the rows together with the revision's number, outside of an autocommit block; or {condition}"
    out = _out_of_block(line)
    return f"commit the rows together with the revision's number: {out}, and without COMMIT; or {condition}"


def mend_left(differences: Iterable[Difference], statement: str, line: int | None = None) -> str:
    """Return what takes away what a stopped statement has left."""
    left = sorted(
        {
            one.object
            for one in differences
            if one.kind == "index" and one.property in {"valid", "exists"} and one.right is not None
        }
    )
    if left and "CREATE" not in statement.upper():
        return f"{_before(line, *(f'DROP INDEX CONCURRENTLY IF EXISTS {name}' for name in left))}, {OUTSIDE}"
    return mend_repeated(statement, line)


def others_in_words(other: OtherRows, by_itself: str) -> str:
    """Say how a table's rows differ from those that `by_itself` leaves."""
    if other.count != other.expected_count:
        return f"{other.count} where {by_itself} leaves {other.expected_count}"
    if not other.column:
        return "the same values, combined otherwise"
    return f"{other.column} is {other.found} where {by_itself} leaves {other.expected}"
