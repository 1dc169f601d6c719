"""Servers: a given one, a container, or an embedded one of our own."""

from pgharness.servers.choice import open_server
from pgharness.servers.given_url import connect_given
from pgharness.servers.server import (
    KEEP_VARIABLE,
    STATEMENT_LIMIT,
    Connection,
    Server,
    connect,
    keeps_server,
)
from pgharness.servers.url import ServerUrl

__all__ = [
    "KEEP_VARIABLE",
    "STATEMENT_LIMIT",
    "Connection",
    "Server",
    "ServerUrl",
    "connect",
    "connect_given",
    "keeps_server",
    "open_server",
]
