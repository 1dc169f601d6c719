"""Clones of a template, made ready in the background, so that a test waits for none."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pgharness.catalog.carried import Carried, carry_over, read_carried
from pgharness.databases.create_and_drop import create_database, drop_database, prepare_session
from pgharness.databases.database import Database
from pgharness.databases.names import label_of
from pgharness.databases.registry import Registry
from pgharness.servers import Connection, Server


class ClonePool:
    """Hands out fresh clones and drops the ones given back; a thread makes and another drops, each with its own session.

    They take turns, to leave a core to the test, until so many clones wait to be dropped that both have to work at once.
    At most `size` clones wait to be handed out, and at most four times as many to be dropped: each takes 8 MB.
    """

    def __init__(self, server: Server, registry: Registry, template: Database, size: int) -> None:
        self._server = server
        self._registry = registry
        self._template = template
        self._carried: Carried | None = None  # by the template; read once
        self._size = size
        self._ready: deque[Database] = deque()
        self._used: deque[Database | None] = deque()  # None is the last
        self._error: BaseException | None = None
        self._is_closing = False
        self._changed = threading.Condition()
        self._maker = self._thread("pgharness-maker", self._make_next)
        self._dropper = self._thread("pgharness-dropper", self._drop_next)

    def __enter__(self) -> Self:
        """Begin to make clones."""
        self._maker.start()
        self._dropper.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Drop what is left; clones that were handed out and not given back are dropped with the other databases."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._maker.join()
        with self._changed:
            self._used.extend([*self._ready, None])
            self._ready.clear()
            self._changed.notify_all()
        self._dropper.join()

    def acquire(self) -> Database:
        """Return a clone that nobody has used. Raises what kept the pool from making any, and RuntimeError once it is closed."""
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
        """Take a clone back, to be dropped; sessions on it are ended."""
        with self._changed:
            self._used.append(database)
            self._changed.notify_all()

    def _thread(self, name: str, step: Callable[[Connection], bool]) -> threading.Thread:
        """Return a thread that repeats a step until it gives False."""

        def work() -> None:
            try:
                with self._server.connect() as session:
                    prepare_session(session, self._server)
                    while step(session):
                        pass
            except BaseException as error:  # noqa: BLE001 - raised again where a clone is asked for
                with self._changed:
                    self._error = error
                    self._changed.notify_all()

        return threading.Thread(target=work, name=name, daemon=True)

    def _make_next(self, session: Connection) -> bool:
        """Make a clone as soon as one is wanted; at the end, none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or self._wants_more())
            if self._is_closing:
                return False
        database = self._registry.new(label_of(self._template.name))
        create_database(session, self._server, database.name, self._template.name)
        if self._carried is None:
            self._carried = read_carried(session, self._template.name)
        carry_over(session, self._carried, database.name)
        with self._changed:
            self._ready.append(database)
            self._changed.notify_all()
        return True

    def _wants_more(self) -> bool:
        return len(self._ready) < self._size and len(self._used) < 4 * self._size

    def _is_time_to_drop(self) -> bool:
        return self._is_closing or len(self._ready) >= self._size or len(self._used) >= 2 * self._size

    def _drop_next(self, session: Connection) -> bool:
        """Drop a clone that was given back, until the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._used and self._is_time_to_drop())
            database = self._used.popleft()
            self._changed.notify_all()
        if database is None:
            return False
        if database in self._registry:  # unless it is kept
            drop_database(session, database.name)
            self._registry.forget(database)
        return True
