"""The databases of one run on one server: made, cloned, kept or dropped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Self

import psycopg

from pgharness.catalog.carried import Carried, carry_over, read_carried
from pgharness.databases.cluster_objects import Outside, drop_outside, read_outside
from pgharness.databases.create_and_drop import (
    create_database,
    create_empty_database,
    drop_database,
    end_sessions,
    mark_as_kept,
    prepare_session,
)
from pgharness.databases.database import Database
from pgharness.databases.names import label_of, session_name, template_name
from pgharness.databases.pool import ClonePool
from pgharness.databases.registry import Registry
from pgharness.databases.sweep import sweep_databases
from pgharness.databases.template import enter_template, hold_template, leave_template
from pgharness.findings import CannotRun
from pgharness.servers import Connection, Server


class Databases:
    """Makes databases on a server and drops them at the end; a context manager, usable from several threads.

    One session is held open meanwhile: it does the work, and its name tells other runs that these databases are in use.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._registry = Registry(server)
        self._templates: dict[str, Database] = {}
        self._carried: dict[str, Carried] = {}  # by templates, which nobody changes
        self._session: Connection | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        """Drop what dead runs left on the server."""
        with self._working() as session:
            sweep_databases(session, self.server)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Drop all that was made and not kept."""
        self.close()

    def create_empty(self, label: str = "empty") -> Database:
        """Make an empty database in UTF8; the label appears in its name."""
        database = self._registry.new(label)
        with self._working() as session:
            create_empty_database(session, self.server, database.name)
        return database

    @contextlib.contextmanager
    def experiment(self, label: str) -> Iterator[Database]:
        """Yield an empty database to try something in; it goes at the end, and with it what was made outside of it meanwhile."""
        with self.outside_undone():
            database = self.create_empty(label)
            try:
                yield database
            finally:
                self.drop(database)

    @contextlib.contextmanager
    def outside_undone(self) -> Iterator[None]:
        """Drop at the end the roles and replication slots that are new, on a server of our own.

        On a given server they might be somebody else's, and nothing is dropped.
        """
        before = self.outside()
        try:
            yield
        finally:
            self.drop_outside_since(before)

    def outside(self) -> Outside:
        """Return the roles and replication slots that the server has now."""
        with self._working() as session:
            return read_outside(session)

    def drop_outside_since(self, before: Outside) -> None:
        """Drop the roles and replication slots that are new since, on a server of our own."""
        if self.server.is_ours:
            with self._working() as session:
                drop_outside(session, read_outside(session).since(before))

    def clone(self, template: Database) -> Database:
        """Make a copy of a template, or of any database on which nobody is connected, with what it carries itself."""
        database = self._registry.new(label_of(template.name))
        with self._working() as session:
            create_database(session, self.server, database.name, template.name)
            carry_over(session, self._carried_by(session, template), database.name)
        return database

    def copy(self, database: Database) -> Database:
        """Make a copy of a database whose users are gone, or are just going."""
        with self._working() as session:
            end_sessions(session, database.name)
        return self.clone(database)

    def drop(self, database: Database) -> None:
        """Drop a database that was made here, and end its sessions."""
        with self._working() as session:
            drop_database(session, database.name)
        self._registry.forget(database)

    def keep(self, database: Database) -> str:
        """Leave a database when all others are dropped; give its URL, without any password, and say how it is removed."""
        with self._working() as session:
            mark_as_kept(session, database.name)
        self._registry.forget(database)
        return f"{database.location} ({self._lifetime(database)})"

    def __contains__(self, database: Database) -> bool:
        """Whether the database was made here and is to be dropped."""
        return database in self._registry

    def template(self, key: str, build: Callable[[Database], None]) -> Database:
        """Return the sealed template for `key`, built by `build` if no process did so yet.

        `build` gets an empty database and fills it; if it raises, nothing stays. The key has to hold everything that the
        content depends on. Other processes that want the same template wait for the first.
        """
        name = template_name(key, self.server.version_number, self.server.url.database)
        with self._working() as session:
            if name not in self._templates:
                template = self._registry.named(name)
                built: list[Database] = []
                enter_template(session, template, lambda: self._build(build, built))
                self._templates[name] = template
                for database in built:
                    self._registry.forget(database)  # it has got its final name
            return self._templates[name]

    @contextlib.contextmanager
    def pool(self, template: Database, size: int = 4) -> Iterator[ClonePool]:
        """Keep `size` clones of a template ready, made and dropped in the background."""
        with ClonePool(self.server, self._registry, template, size) as pool:
            yield pool

    def close(self) -> None:
        """Drop all that was made and not kept, and templates that nobody else uses.

        What cannot be dropped keeps nothing else from going; on a given server it is told by a CannotRun.
        """
        with self._lock:
            if self._session is None:
                return
            left: dict[str, str] = {}
            with self._working() as session, session:
                acts = {database.name: partial(self.drop, database) for database in self._registry.remaining()}
                acts |= {name: partial(leave_template, session, name) for name in self._templates}
                for name, act in acts.items():
                    try:
                        act()
                    except (psycopg.Error, CannotRun) as error:
                        left[name] = error.seen if isinstance(error, CannotRun) else " ".join(str(error).split())
            self._templates.clear()
            self._session = None
        if left and not self.server.is_ours:  # a server of our own goes with all that is on it
            raise CannotRun(
                f"{len(left)} database{'s' * (len(left) > 1)} could not be dropped.",
                seen="; ".join(f"{name}: {reason}" for name, reason in left.items()),
                mend="; ".join(f'DROP DATABASE "{name}"' for name in left) + " once nothing holds them",
            )

    def _build(self, build: Callable[[Database], None], built: list[Database]) -> Database:
        """Make a database and have it filled; it is dropped if that fails."""
        before = self.outside()
        database = self.create_empty("building")
        try:
            build(database)
        except BaseException:
            self.drop(database)
            self.drop_outside_since(before)
            raise
        built.append(database)
        return database

    def _carried_by(self, session: Connection, database: Database) -> Carried:
        """Return what a database carries, read once where it is a template."""
        if database.name not in self._templates:
            return read_carried(session, database.name)
        if database.name not in self._carried:
            self._carried[database.name] = read_carried(session, database.name)
        return self._carried[database.name]

    def _lifetime(self, database: Database) -> str:
        if not self.server.is_ours:
            return f'kept until you DROP DATABASE "{database.name}"'
        return "kept with its server until the next run"

    @contextlib.contextmanager
    def _working(self) -> Iterator[Connection]:
        with self._lock:
            if self._session is None or not _answers(self._session):
                self._session = self._new_session()
            yield self._session

    def _new_session(self) -> Connection:
        """Connect, for the first time or anew, and hold the templates that the session before this one held."""
        session = self.server.connect(application_name=session_name(self._registry.token))
        prepare_session(session, self.server)
        self._templates = {name: template for name, template in self._templates.items() if hold_template(session, name)}
        return session


def _answers(session: Connection) -> bool:
    """Whether a session still lives: the server or a firewall may have ended one that idled through a whole test run."""
    with contextlib.suppress(psycopg.OperationalError):
        session.execute("SELECT 1")
    return not session.closed
