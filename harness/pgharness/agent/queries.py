"""Runs a query of the harness on the migration's own connection, between two of its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channel import Channel

from .drivers import sqlstate_of
from .statements import FAILED_TRANSACTION


def answer_query(channel: Channel, connection: Any, sql: str, *, between_transactions: bool) -> None:
    """Run a query and send its rows, or in `refused` why there are none; whoever has asked decides what that means."""
    try:
        rows = run_query(connection, sql, between_transactions=between_transactions)
    except Exception as error:
        channel.send("rows", rows=[], refused=str(error) or type(error).__name__)
    else:
        channel.send("rows", rows=rows, refused="")


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
