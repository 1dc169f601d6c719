"""One database of a server: its name, its URL, and how to connect to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import URL

from pgharness.servers import Connection, connect, conninfo


@dataclass(frozen=True, slots=True)
class Database:
    """A database that we made; `url` is of the driver postgresql+psycopg."""

    name: str
    url: URL

    @property
    def conninfo(self) -> str:
        """The connection string for libpq and psycopg."""
        return conninfo(self.url)

    def connect(self, **options: Any) -> Connection:
        """Open a session in autocommit mode; `options` go to libpq or psycopg."""
        return connect(self.url, **options)
