"""Runs a query of the harness on the migration's own connection, between two of its statements."""

from __future__ import annotations

from typing import Any

from .drivers import sqlstate_of
from .statements import FAILED_TRANSACTION


def run_query(connection: Any, sql: str, *, between_transactions: bool) -> list[list[str | None]]:
    """Return the rows as text; the statement is seen by none of the listeners, and leaves no transaction open that was not.

    Drivers begin one with any statement, so where none is open, `between_transactions` has it ended again. A statement that gives no
    rows gives none here. In a transaction that has failed nothing can be asked, and there is nothing to be seen.
    """
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
        if cursor.description is None:
            return []
        return [[None if value is None else str(value) for value in row] for row in cursor.fetchall()]
    except Exception as error:  # drivers agree on no class
        if sqlstate_of(error) != FAILED_TRANSACTION:
            raise
        return []
    finally:
        cursor.close()
        if between_transactions:
            connection.connection.rollback()
