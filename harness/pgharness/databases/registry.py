"""The databases that one run has made and still has to drop; used from several threads."""

from __future__ import annotations

import threading

from pgharness.databases.database import Database
from pgharness.databases.names import database_name, new_token
from pgharness.servers import Server


class Registry:
    """Names databases before they are made, so that an interrupted creation is dropped too."""

    def __init__(self, server: Server) -> None:
        self.token = new_token()
        self._server = server
        self._databases: dict[str, Database] = {}
        self._lock = threading.Lock()

    def new(self, label: str) -> Database:
        """Name a database that is about to be made."""
        return self.add(self.named(database_name(self.token, label)))

    def add(self, database: Database) -> Database:
        """Take responsibility for a database."""
        with self._lock:
            self._databases[database.name] = database
        return database

    def named(self, name: str) -> Database:
        """Return the database of this name without taking responsibility for it."""
        return Database(name, self._server.database_url(name), self._server.project_url(name))

    def forget(self, database: Database) -> None:
        """Leave a database alone from now on: it was dropped, or is to be kept."""
        with self._lock:
            self._databases.pop(database.name, None)

    def remaining(self) -> tuple[Database, ...]:
        """List the databases that are still to be dropped."""
        with self._lock:
            return tuple(self._databases.values())

    def __contains__(self, database: Database) -> bool:
        with self._lock:
            return database.name in self._databases
