"""One database of a server: its name, where it is, and how to connect to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgharness.servers import Connection, ServerUrl, connect

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


@dataclass(frozen=True, slots=True)
class Database:
    """A database that we made; `location` is where we reach it ourselves, `project_location` where the code of a project does."""

    name: str
    location: ServerUrl
    project_location: ServerUrl

    @property
    def url(self) -> URL:
        """SQLAlchemy's URL, of the driver postgresql+psycopg."""
        from sqlalchemy.engine import make_url  # noqa: PLC0415 - only who asks for one needs SQLAlchemy

        return make_url(self.location.render("psycopg"))

    @property
    def conninfo(self) -> str:
        """The connection string for libpq and psycopg."""
        return self.location.conninfo()

    def connect(self, **options: Any) -> Connection:
        """Open a session in autocommit mode; `options` go to libpq or psycopg."""
        return connect(self.location, **options)
