"""Why a database is not available: one code for each reason, for the operator and never for a client."""

from __future__ import annotations

import re
from enum import StrEnum

import psycopg


class UnavailableReason(StrEnum):
    """What keeps a connection from being made, or has ended it; codes stay as they are from release to release."""

    WRONG_DATABASE = "wrong_database"
    WRONG_ROLE = "wrong_role"
    """There is no such role, or it may not log in."""
    REFUSED_BY_PG_HBA = "refused_by_pg_hba"
    """The server's rules let this role not into this database from here, or not without TLS."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    TLS_REFUSED = "tls_refused"
    UNKNOWN_HOST = "unknown_host"
    CONNECTION_REFUSED = "connection_refused"
    """Nothing listens there."""
    STARTUP_REFUSED = "startup_refused"
    """The server does not take a setting that it is given at the start; PgBouncer takes no `options`."""
    TOO_MANY_CONNECTIONS = "too_many_connections"
    STARTING_OR_STOPPING = "starting_or_stopping"
    NO_PRIMARY = "no_primary"
    """None of the hosts takes writes."""
    NO_ANSWER = "no_answer"
    """Nothing came back within the limit."""
    CONNECTION_LOST = "connection_lost"
    NODE_LOST = "node_lost"
    """A node of a distributed database, which the coordinator could not reach."""
    OUT_OF_RESOURCES = "out_of_resources"
    OTHER = "other"


_BY_SQLSTATE = {
    "08P01": UnavailableReason.STARTUP_REFUSED,
    "28": UnavailableReason.WRONG_ROLE,
    "28P01": UnavailableReason.WRONG_PASSWORD,
    "3D000": UnavailableReason.WRONG_DATABASE,
    "53": UnavailableReason.OUT_OF_RESOURCES,
    "53300": UnavailableReason.TOO_MANY_CONNECTIONS,
    "57": UnavailableReason.CONNECTION_LOST,
    "57P03": UnavailableReason.STARTING_OR_STOPPING,
    "58": UnavailableReason.OUT_OF_RESOURCES,
}

# Of a connection that was never made libpq gives the message and no SQLSTATE. A server that speaks another language makes it
# "other"; nothing but what an operator reads depends on it. Where several hosts were tried, the first that fits counts.
_BY_MESSAGE = {
    re.compile(pattern, re.IGNORECASE): reason
    for pattern, reason in (
        (r"session is (read-only|not read-only|in hot standby)|server is in hot standby", UnavailableReason.NO_PRIMARY),
        (r"password authentication failed|no password supplied|SASL authentication", UnavailableReason.WRONG_PASSWORD),
        (r'database "[^"]*" does not exist|no such database', UnavailableReason.WRONG_DATABASE),
        (r"pg_hba\.conf", UnavailableReason.REFUSED_BY_PG_HBA),
        (r"SSL|certificate", UnavailableReason.TLS_REFUSED),
        (r'role "[^"]*"( does not exist| is not permitted)|no such user', UnavailableReason.WRONG_ROLE),
        (
            r"too many (connections|clients)|no more connections|connection slots",
            UnavailableReason.TOO_MANY_CONNECTIONS,
        ),
        (r"startup parameter|configuration parameter", UnavailableReason.STARTUP_REFUSED),
        (r"the database system is|not yet accepting", UnavailableReason.STARTING_OR_STOPPING),
        (r"failed to resolve host|could not translate host name", UnavailableReason.UNKNOWN_HOST),
        (r"timeout expired|timed out", UnavailableReason.NO_ANSWER),
        (r"Connection refused|No such file or directory", UnavailableReason.CONNECTION_REFUSED),
        (
            r"closed the connection|connection is (lost|closed)|consuming input failed",
            UnavailableReason.CONNECTION_LOST,
        ),
    )
}


# The functions of the engine that tell what another node did to a connection of the coordinator's, and those that wait for nodes and tell that
# the coordinator itself goes down. What was lost has no SQLSTATE of its own there, and is told as an internal error.
_TELL_OF_NODES = frozenset({"ReportConnectionError", "ReportResultError"})
_TELL_OF_THE_END = frozenset(
    {
        "FinishConnectionIO",
        "FinishConnectionListEstablishment",
        "ProcessWaitEvents",
        "ProcessWaitEventsForSocketClosed",
        "WaitForAllConnections",
    }
)


def is_of_another_node(error: psycopg.Error) -> bool:
    """Whether the server answers, and has lost a node of its cluster."""
    return error.sqlstate in ("XX000", "08006") and error.diag.source_function in _TELL_OF_NODES


def is_the_end(error: psycopg.Error) -> bool:
    """Whether the server goes down while it waits for nodes of its cluster."""
    return error.sqlstate == "XX000" and error.diag.source_function in _TELL_OF_THE_END


def reason_of(error: psycopg.Error) -> UnavailableReason:
    """Return why there is no connection, or no longer one."""
    if error.sqlstate is not None:
        by_class = _BY_SQLSTATE.get(error.sqlstate[:2], UnavailableReason.OTHER)
        return _BY_SQLSTATE.get(error.sqlstate, by_class)
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return UnavailableReason.NO_ANSWER
    text = str(error)
    return next((reason for pattern, reason in _BY_MESSAGE.items() if pattern.search(text)), UnavailableReason.OTHER)
