"""What the contracts' tests share: the ten tables, a row that each takes, and an application that mounts them all."""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid5

import psycopg
import pytest
from fastapi import FastAPI, Query
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import JSONB

from flowforge_schema import Database, DbSession, NotFoundError, contracts, install_error_handlers, models
from flowforge_schema.contracts import fields
from pgharness.databases import ClonePool
from pgharness.databases import Database as OwnDatabase

NAMESPACE = UUID("018f0000-0000-7000-8000-000000000000")
USER, WORKFLOW, STEP, RUN = (uuid5(NAMESPACE, name) for name in ("user", "workflow", "step", "run"))
KEY, VERSION = "parent", 7


@dataclass(frozen=True)
class Table:
    """One table, its contracts, the names and types of its key, and the smallest row that it takes."""

    model: type[models.Base]
    create: type[contracts.Contract]
    update: type[contracts.Contract]
    read: type[contracts.Row]
    smallest: dict[str, Any]
    key: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the table's name, which is its path too."""
        return str(self.model.__tablename__)

    @property
    def path_of_one(self) -> str:
        """Return the path of one row."""
        return "/".join([f"/{self.name}", *(f"{{{column}}}" for column in self.key)])


ID = {"id": fields.Id}
TABLES = {
    table.name: table
    for table in (
        Table(
            models.User,
            contracts.UserCreate,
            contracts.UserUpdate,
            contracts.UserRead,
            {"email": "ada@example.org"},
            ID,
        ),
        Table(
            models.ApiKey,
            contracts.ApiKeyCreate,
            contracts.ApiKeyUpdate,
            contracts.ApiKeyRead,
            {"user_id": USER, "name": "deploy", "prefix": "ff_live_abc", "key_hash": bytes(32)},
            ID,
        ),
        Table(
            models.Workflow,
            contracts.WorkflowCreate,
            contracts.WorkflowUpdate,
            contracts.WorkflowRead,
            {"owner_id": USER, "name": "nightly"},
            ID,
        ),
        Table(
            models.WorkflowVersion,
            contracts.WorkflowVersionCreate,
            contracts.WorkflowVersionUpdate,
            contracts.WorkflowVersionRead,
            {"workflow_id": WORKFLOW, "version": 2},
            {"workflow_id": fields.Id, "version": fields.VersionInPath},
        ),
        Table(
            models.WorkflowStep,
            contracts.WorkflowStepCreate,
            contracts.WorkflowStepUpdate,
            contracts.WorkflowStepRead,
            {"workflow_id": WORKFLOW, "key": "load", "name": "Load", "step_type": "http", "position": 1},
            ID,
        ),
        Table(
            models.WorkflowRun,
            contracts.WorkflowRunCreate,
            contracts.WorkflowRunUpdate,
            contracts.WorkflowRunRead,
            {"workflow_id": WORKFLOW, "workflow_version": 1},
            ID,
        ),
        Table(
            models.WorkflowRunKey,
            contracts.WorkflowRunKeyCreate,
            contracts.WorkflowRunKeyUpdate,
            contracts.WorkflowRunKeyRead,
            {"workflow_id": WORKFLOW, "key": "order-4711", "run_id": RUN},
            {"workflow_id": fields.Id, "key": fields.RunKey},
        ),
        Table(
            models.WorkflowRunClaim,
            contracts.WorkflowRunClaimCreate,
            contracts.WorkflowRunClaimUpdate,
            contracts.WorkflowRunClaimRead,
            {"run_id": RUN, "leased_until": "2026-01-01T00:01:00Z", "available_at": "2026-01-01T00:01:00Z"},
            {"run_id": fields.Id},
        ),
        Table(
            models.RunStepLog,
            contracts.RunStepLogCreate,
            contracts.RunStepLogUpdate,
            contracts.RunStepLogRead,
            {"run_id": RUN, "step_id": STEP, "step_key": "extract"},
            {"run_id": fields.Id, "step_id": fields.Id, "attempt": fields.AttemptInPath},
        ),
        Table(
            models.OutboxEvent,
            contracts.OutboxEventCreate,
            contracts.OutboxEventUpdate,
            contracts.OutboxEventRead,
            {"aggregate_type": "run", "aggregate_id": RUN, "event_type": "run.started", "payload": {}},
            {"id": fields.EventIdInPath},
        ),
    )
}

PARENTS = (
    ("users", {"id": USER, "email": "owner@example.org"}),
    ("workflows", {"id": WORKFLOW, "owner_id": USER, "name": "parent"}),
    (
        "workflow_steps",
        {"id": STEP, "workflow_id": WORKFLOW, "key": "extract", "name": "x", "step_type": "x", "position": 0},
    ),
    ("workflow_runs", {"id": RUN, "workflow_id": WORKFLOW, "workflow_version": 1}),
    ("workflow_run_keys", {"workflow_id": WORKFLOW, "key": KEY, "run_id": RUN}),
    ("workflow_versions", {"workflow_id": WORKFLOW, "version": VERSION}),
)


@dataclass(frozen=True)
class Rows:
    """A database with a parent for every foreign key; each INSERT is undone."""

    connection: psycopg.Connection[Any]

    @property
    def parents(self) -> dict[str, str]:
        """Return the id of the row that others may refer to, by table; of a row without one the rest of its key."""
        return {name: str(values.get("id") or values.get("key") or values["version"]) for name, values in PARENTS}

    def lock_version(self, table: Table, key: dict[str, Any]) -> int:
        """Return the version that a row is at, 1 where it does not exist."""
        statement = sql.SQL("SELECT max(lock_version) FROM {} WHERE id::text = %(id)s").format(
            sql.Identifier(table.name)
        )
        row = self.connection.execute(statement, key).fetchone()
        return (row and row[0]) or 1

    def stored(self, table: Table, values: dict[str, Any]) -> dict[str, Any] | None:
        """Insert a row, give it as it is read back, and undo it; None where the database, or its driver, refuses it."""
        try:
            with self.connection.transaction(force_rollback=True):
                return insert(self.connection, table.name, values)
        except (psycopg.Error, UnicodeEncodeError):
            return None


@pytest.fixture(scope="module")
def own_database(migrated_pool: ClonePool) -> Iterator[OwnDatabase]:
    """Yield a database of this module's own: nearly all of its tests undo what they do."""
    database = migrated_pool.acquire()
    yield database
    migrated_pool.release(database)


@pytest.fixture(scope="module")
def rows(own_database: OwnDatabase) -> Iterator[Rows]:
    """Yield a database with parents, on a plain connection."""
    with own_database.connect() as connection:
        for name, values in PARENTS:
            insert(connection, name, values)
        connection.commit()
        connection.autocommit = True
        yield Rows(connection)


@pytest.fixture(params=list(TABLES.values()), ids=list(TABLES))
def table(request: pytest.FixtureRequest) -> Table:
    """Return each table in turn."""
    given: Table = request.param
    return given


def insert(connection: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Insert one row by plain SQL and give all of its columns."""
    is_json = {column.name for column in TABLES[name].model.__table__.columns if isinstance(column.type, JSONB)}
    given = {
        column: Jsonb(value) if column in is_json and value is not None else value for column, value in values.items()
    }
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
        sql.Identifier(name),
        sql.SQL(", ").join(map(sql.Identifier, given)),
        sql.SQL(", ").join(map(sql.Placeholder, given)),
    )
    cursor = connection.execute(statement, given)
    assert cursor.description is not None
    return dict(zip((column.name for column in cursor.description), cursor.fetchone() or (), strict=True))


@pytest.fixture(scope="session")
def tables() -> dict[str, Table]:
    """Return all tables by name."""
    return TABLES


@pytest.fixture(scope="module")
def contract_app(own_database: OwnDatabase, rows: Rows) -> FastAPI:  # noqa: ARG001 - the parents must be there
    """Return an application that creates, reads, changes and lists the rows of every table; the parents are there."""
    app = FastAPI(lifespan=Database(own_database.url).lifespan)
    install_error_handlers(app)
    for table in TABLES.values():
        mount(app, table)
    return app


def mount(app: FastAPI, table: Table) -> None:
    """Mount one table, as an engineer would write it by hand seven times."""
    model, key = table.model, table.key

    async def create(session: DbSession, new: contracts.Contract) -> Any:
        row = model(**new.column_values())
        session.add(row)
        await session.flush()
        return row

    async def read(session: DbSession, **key: Any) -> Any:
        row = await session.get(model, key)
        if row is None:
            raise NotFoundError
        return row

    async def update(session: DbSession, change: contracts.Contract, **key: Any) -> Any:
        row = await read(session, **key)
        change.apply_to(row)
        await session.flush()
        return row

    async def newest(session: DbSession, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> Any:
        return (await session.scalars(select(model).order_by(model.created_at.desc()).limit(limit))).all()

    one = table.path_of_one
    app.post(f"/{table.name}", status_code=201, response_model=table.read)(with_signature(create, new=table.create))
    app.get(one, response_model=table.read)(with_signature(read, **key))
    app.patch(one, response_model=table.read)(with_signature(update, change=table.update, **key))
    page = list[table.read]  # type: ignore[name-defined]  # a type that only running tells
    app.get(f"/{table.name}", response_model=page)(newest)


def with_signature(endpoint: Callable[..., Awaitable[Any]], **parameters: Any) -> Callable[..., Awaitable[Any]]:
    """Return the endpoint with these parameters after its session, which is how FastAPI learns of them."""
    keyword_only = inspect.Parameter.KEYWORD_ONLY
    wanted = {"session": DbSession, **parameters}
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what inspect.signature looks for
        [inspect.Parameter(name, keyword_only, annotation=annotation) for name, annotation in wanted.items()]
    )
    return endpoint
