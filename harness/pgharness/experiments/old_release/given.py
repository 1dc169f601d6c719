"""Reads the statements that a release is known to send from a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from pgharness.plans import StatementText, read_statement_file
from pgharness.records.old_release import OldStatement
from pgharness.servers import Connection

# Each statement is tried in a transaction that is rolled back.
_RULES_TRANSACTIONS = re.compile(
    r"\s*(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION|VACUUM|DISCARD)\b",
    re.IGNORECASE,
)
_CAN_BE_PREPARED = re.compile(r"[\s(]*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH|TABLE)\b", re.IGNORECASE)
_PARAMETER = re.compile(r"\$([0-9]+)")


def given_statements(connection: Connection, path: Path | None) -> tuple[OldStatement, ...]:
    """Return the statements of a file with the parameters that their samples pick, or to be parsed alone. Raises CannotRun."""
    if path is None:
        return ()
    return tuple(
        _statement(connection, text) for text in read_statement_file(path) if not _RULES_TRANSACTIONS.match(text.sql)
    )


def can_be_prepared(sql: str) -> bool:
    """Whether the server prepares such a statement (manual, PREPARE), and so may keep a plan for it."""
    return _CAN_BE_PREPARED.match(sql) is not None


def _statement(connection: Connection, text: StatementText) -> OldStatement:
    parameters = max((int(number) for number in _PARAMETER.findall(text.sql)), default=0)
    values = tuple(_values(connection, text)) if parameters else ()
    return OldStatement(
        "sends it",
        "statement",
        text.name,
        text.sql,
        is_made=False,
        only_parsed=parameters > len(values),
        parameters=parameters,
        values=values if parameters <= len(values) else (),
    )


def _values(connection: Connection, text: StatementText) -> Iterator[str]:
    """Yield the literals of the first sample; none where the server refuses it, or gives no row."""
    if not text.samples_sql:
        return
    result = connection.pgconn.exec_(text.samples_sql.encode())
    for at in range(result.nfields if result.ntuples else 0):
        value = result.get_value(0, at)
        yield "NULL" if value is None else sql.Literal(value.decode()).as_string(connection)
