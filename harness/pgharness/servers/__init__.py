"""Servers: a given one, a container, or an embedded one of our own."""

from pgharness.servers.choice import ended_in_order, open_server, open_system_server
from pgharness.servers.given_url import connect_given
from pgharness.servers.server import (
    APPLICATION_NAME,
    STATEMENT_LIMIT,
    TIMEOUTS,
    Connection,
    Keeps,
    Server,
    connect,
    kept_by_variable,
)
from pgharness.servers.url import ServerUrl

__all__ = [
    "APPLICATION_NAME",
    "STATEMENT_LIMIT",
    "TIMEOUTS",
    "Connection",
    "Keeps",
    "Server",
    "ServerUrl",
    "connect",
    "connect_given",
    "ended_in_order",
    "kept_by_variable",
    "open_server",
    "open_system_server",
]
