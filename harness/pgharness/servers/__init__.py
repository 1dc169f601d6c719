"""Servers: a given one, a container, or an embedded one of our own."""

from pgharness.servers.choice import open_server
from pgharness.servers.given_url import connect_given
from pgharness.servers.server import (
    KEEP_VARIABLE,
    STATEMENT_LIMIT,
    Connection,
    Server,
    connect,
    conninfo,
    keeps_server,
    shown,
)

__all__ = [
    "KEEP_VARIABLE",
    "STATEMENT_LIMIT",
    "Connection",
    "Server",
    "connect",
    "connect_given",
    "conninfo",
    "keeps_server",
    "open_server",
    "shown",
]
