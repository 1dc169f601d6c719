"""Servers: a given one, a container, or an embedded one of our own."""

from pgharness.servers.choice import open_server
from pgharness.servers.server import Connection, Server, connect, conninfo, shown

__all__ = ["Connection", "Server", "connect", "conninfo", "open_server", "shown"]
