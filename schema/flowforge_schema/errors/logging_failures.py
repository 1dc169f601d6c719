"""The log of failures of the database itself: what an operator needs to tell them apart, without secrets and values."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from flowforge_schema.errors.tree import AppError, CommitUnknownError, DatabaseUnavailableError, PrimaryReadOnlyError

# Those who read the log know the package, not its files.
logger = logging.getLogger("flowforge_schema.errors")

# In characters. Where many hosts were tried, libpq tells of each.
LONGEST_MESSAGE = 1_000

OF_THE_DATABASE = (DatabaseUnavailableError, CommitUnknownError, PrimaryReadOnlyError)


def log_failure(error: AppError, original: psycopg.Error, url: URL | None) -> None:
    """Log a failure of the database itself, and leave what a request or a transaction did wrong to whoever catches it."""
    if not isinstance(error, OF_THE_DATABASE):
        return
    about = {**_about(error, original), **_where(url)}
    logger.warning("%s (%s): %s", error.code, error.reason or error.sqlstate, about["driver_message"], extra=about)


def _about(error: AppError, original: psycopg.Error) -> dict[str, Any]:
    """Return what has failed; messages of a lost or a refused connection hold names, and neither passwords nor values."""
    message = original.diag.message_primary or str(original)
    return {
        "error_code": error.code,
        "error_class": type(original).__name__,
        "reason": error.reason,
        "sqlstate": error.sqlstate,
        "driver_message": " ".join(message.split())[:LONGEST_MESSAGE],
    }


def _where(url: URL | None) -> dict[str, Any]:
    if url is None:
        return {}
    hosts = url.query.get("host", url.host)
    shown = ",".join(hosts) if isinstance(hosts, tuple) else hosts
    return {"db_host": shown, "db_port": url.port, "db_name": url.database, "db_user": url.username}
