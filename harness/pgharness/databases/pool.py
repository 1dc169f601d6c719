"""Clones of a template, made ready in the background, so that a test waits for none."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Self

from pgharness.databases.database import Database
from pgharness.databases.names import label_of
from pgharness.databases.operations import create_database, drop_database, prepare_session
from pgharness.databases.registry import Registry
from pgharness.servers import Connection, Server


class ClonePool:
    """Hands out fresh clones and drops the ones given back; a thread with a session of its own does the work.

    At most `size` clones wait to be handed out, and at most four times as many to be dropped: each takes 8 MB.
    """

    def __init__(self, server: Server, registry: Registry, template: Database, size: int) -> None:
        self._server = server
        self._registry = registry
        self._template = template
        self._size = size
        self._ready: deque[Database] = deque()
        self._used: deque[Database] = deque()
        self._error: BaseException | None = None
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="pgharness-pool", daemon=True)

    def __enter__(self) -> Self:
        """Begin to make clones."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Drop what is left; clones that were handed out and not given back are dropped with the other databases."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join()

    def acquire(self) -> Database:
        """Give a clone that nobody has used. Raises what kept the pool from making any, and RuntimeError once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._error or self._is_closing)
            if self._error:
                raise self._error
            if not self._ready:
                raise RuntimeError("The pool of clones is closed.")
            database = self._ready.popleft()
            self._changed.notify_all()
            return database

    def release(self, database: Database) -> None:
        """Give a clone back to be dropped; sessions on it are ended."""
        with self._changed:
            self._used.append(database)
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            with self._server.connect() as session:
                prepare_session(session, self._server)
                while self._step(session):
                    pass
        except BaseException as error:  # noqa: BLE001 - raised again where a clone is asked for
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _step(self, session: Connection) -> bool:
        """Make or drop one clone, whichever is more urgent; at the end drop all. Gives False when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or self._used or len(self._ready) < self._size)
            too_many_used = len(self._used) >= 4 * self._size
            makes = not self._is_closing and len(self._ready) < self._size and not too_many_used
            if self._is_closing:
                self._used.extend(self._ready)
                self._ready.clear()
            used = None if makes or not self._used else self._used.popleft()
        if makes:
            self._make(session)
        elif used:
            self._drop(session, used)
        return makes or used is not None

    def _make(self, session: Connection) -> None:
        database = self._registry.new(label_of(self._template.name))
        create_database(session, self._server, database.name, self._template.name)
        with self._changed:
            self._ready.append(database)
            self._changed.notify_all()

    def _drop(self, session: Connection, database: Database) -> None:
        if database in self._registry:  # unless it is kept
            drop_database(session, database.name)
            self._registry.forget(database)
