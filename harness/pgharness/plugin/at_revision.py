"""A database of a test's own that goes up and down its chain, as the test says."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pgharness.chain.conversation import converse, with_imports_ahead
from pgharness.chain.course import Applied, applied_at, applied_before, tips, way_down, way_up
from pgharness.chain.messages import DOWN, UP, Direction
from pgharness.chain.project import Project
from pgharness.databases import Database, Databases
from pgharness.describing.advice import advice
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.findings import CannotRun
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure
from pgharness.servers import Connection

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

Given = ParamSpec("Given")
Result = TypeVar("Result")


class MigrationFailed(Exception):  # noqa: N818 - reads as pytest's own `Failed`
    """A revision failed; `failure` has the error's class, its SQLSTATE, the statement and the lines that led there."""

    def __init__(self, revision: Revision, direction: Direction, failure: Failure) -> None:
        fix = advice(failure, f"correct {direction}() in {revision.path}")
        evidence = "".join(f"\n    {line}" for line in failure_evidence(failure).splitlines())
        super().__init__(
            f"the {direction} of {revision.label} fails: {failure_in_words(failure)}\n  fix: {fix}{evidence}"
        )
        self.revision = revision.revision
        self.failure = failure


def _told_where_it_is_called(act: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let the traceback of what cannot be done, or of a revision that fails, end in the test's own line."""

    @functools.wraps(act)
    def act_and_tell(*arguments: Given.args, **options: Given.kwargs) -> Result:
        __tracebackhide__ = True
        try:
            return act(*arguments, **options)
        except (CannotRun, MigrationFailed) as reason:
            raise reason.with_traceback(None) from None

    return act_and_tell


class ChainDatabase:
    """A database somewhere along the chain; `name`, `url`, `conninfo` and `connect()` are as in `Database`."""

    def __init__(self, project: Project, database: Database, applied: Applied) -> None:
        self.database = database
        self._project = project
        self._applied = applied

    @property
    def name(self) -> str:
        """The database's name."""
        return self.database.name

    @property
    def url(self) -> URL:
        """SQLAlchemy's URL, of the driver postgresql+psycopg."""
        return self.database.url

    @property
    def conninfo(self) -> str:
        """The connection string for libpq and psycopg."""
        return self.database.conninfo

    @property
    def revision(self) -> str | None:
        """The id of the revision where it stands, with commas where there are several branches; None at the base."""
        return ",".join(item.revision for item in tips(self._project.chain, self._applied)) or None

    def connect(self, **options: Any) -> Connection:
        """Open a session of psycopg in autocommit mode."""
        return self.database.connect(**options)

    def execute(
        self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Execute a statement in a session of its own, commit, and return the rows; none where it gives none."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description is not None else []

    def insert(self, table: str, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Insert rows, all or none, and return them as they stand in the table, with what the database filled in.

        The table is `name` or `schema.name`; a column left out gets its default; a dict becomes JSON. An identity takes a given value
        too.
        """
        with self.connect(row_factory=dict_row) as connection, connection.transaction():
            made = [connection.execute(_insertion(table, row), _values(row)).fetchall() for row in rows]
        return [dict(row) for several in made for row in several]

    @_told_where_it_is_called
    def upgrade(self, to: str | None = None) -> None:
        """Run the next revision, or all that lead to one, as one `alembic upgrade` does.

        Raises MigrationFailed, and CannotRun where nothing is to be run.
        """
        self._run(way_up(self._project.chain, self._applied, to), UP)

    @_told_where_it_is_called
    def downgrade(self, to: str | None = None) -> None:
        """Undo the last revision, or all above one, as one `alembic downgrade` does.

        Raises MigrationFailed, and CannotRun where nothing is to be undone.
        """
        self._run(way_down(self._project.chain, self._applied, to), DOWN)

    def _run(self, way: Sequence[Revision], direction: Direction) -> None:
        """Run steps; what has passed before one that fails stays applied."""
        with_imports_ahead(self._project, lambda: self._run_rest(way, direction))

    def _run_rest(self, way: Sequence[Revision], direction: Direction) -> None:
        """Run those of the steps that are still to be run."""
        rest = [item for item in way if (item.revision in self._applied) is (direction == DOWN)]
        with converse(self._project, self.database) as conversation:
            steps = conversation.steps([(item.revision, direction) for item in rest], apart=False)
            for revision, step in zip(rest, steps, strict=False):
                if step.failure is not None:
                    raise MigrationFailed(revision, direction, step.failure)
                self._applied = self._applied ^ {revision.revision}


class DatabaseAt:
    """Makes databases of one test along the chain: `database_at("0003")`, `database_at(before="0003", rows=True)`."""

    def __init__(self, project: Project, databases: Databases, remember: Callable[[Database], object]) -> None:
        self._checkpoints = Checkpoints(project, databases)
        self._remember = remember
        self._made: list[Database] = []

    @_told_where_it_is_called
    def __call__(self, revision: str | None = None, *, before: str | None = None, rows: bool = False) -> ChainDatabase:
        """Return a database at a revision (an id or its beginning, `head`, `base`, or the name of the file), or just `before` one.

        With `rows` every table got rows as soon as there was one, and all later revisions have met them. Raises CannotRun for a
        revision that there is not, and where the chain does not lead there.
        """
        if (revision is None) is (before is None):
            raise TypeError('say one place: database_at("<revision>") or database_at(before="<revision>")')
        project = self._checkpoints.project
        applied = (
            applied_at(project.chain, revision) if revision is not None else applied_before(project.chain, before or "")
        )
        database = self._checkpoints.with_applied(applied, rows=rows)
        self._made.append(database)
        self._remember(database)
        return ChainDatabase(project, database, applied)

    def drop(self) -> None:
        """Drop what was made, but for what is kept."""
        databases = self._checkpoints.databases
        for database in self._made:
            if database in databases:
                databases.drop(database)


def _insertion(table: str, row: Mapping[str, Any]) -> sql.Composed:
    into = sql.Identifier(*table.split("."))
    if not row:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES RETURNING *").format(into)
    return sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING *").format(
        into,
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )


def _values(row: Mapping[str, Any]) -> list[Any]:
    return [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
