"""Builds the database that the models make, also where `create_all` as a whole does not pass."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, MetaData, NullPool, Table, create_engine
from sqlalchemy import Enum as EnumType
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.reader import Reader
from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.history.keeping import type_layers
from pgharness.history.records import DeclaredEnum, ModelsRecord, RefusedDdl
from pgharness.history.steps import describe


def load_metadata(name: str) -> MetaData:
    """Import `package.module:attribute`; an attribute that has a `metadata` (a declarative base) stands for that."""
    module_name, _, attribute = name.partition(":")
    try:
        value = importlib.import_module(module_name)
        for part in (attribute or "metadata").split("."):
            value = getattr(value, part)
    except Exception as error:  # importing runs anybody's code
        raise CannotRun(
            f"The models {name!r} cannot be imported.",
            seen=f"{type(error).__name__}: {error}",
            mend='name them as metadata = "package.module:attribute", and put their folder on the path '
            "(prepend_sys_path in alembic.ini, or install the package)",
        ) from error
    metadata = getattr(value, "metadata", value)
    if not isinstance(metadata, MetaData):
        raise CannotRun(
            f"{name!r} is not the models' MetaData.",
            seen=f"it is a {type(metadata).__name__}",
            mend='name a MetaData or a declarative base: metadata = "package.module:Base"',
        )
    return metadata


def build_models(databases: Databases, metadata: Sequence[MetaData], head: Snapshot | None) -> ModelsRecord:
    """Make the models' database and read its catalog.

    Extensions and schemas of the migrated database are made first, because models cannot declare them; what that database carries
    itself counts as declared. Where `create_all` is refused, a second database is built table by table and index by index, and what
    is refused is recorded.
    """
    with _prepared_database(databases, head) as database:
        if _builds(database, metadata):
            return _record(database, metadata, (), head)
    with _prepared_database(databases, head) as database:
        refused = _build_piece_by_piece(database, metadata)
        return _record(database, metadata, refused, head)


def prepare_like(connection: psycopg.Connection, head: Snapshot | None) -> None:
    """Make the schemas that a migrated database has, and its extensions, each in its schema and of its version."""
    if head is None:
        return
    for _, printed_name in head.objects("schema"):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.SQL(printed_name)))
    for extension in head.objects("extension"):
        schema, version = (head.facts[FactKey(*extension, name)] for name in ("schema", "version"))
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {} VERSION {}").format(
                sql.SQL(extension.object), sql.SQL(schema), sql.Literal(version)
            )
        )


@contextmanager
def _prepared_database(databases: Databases, head: Snapshot | None) -> Iterator[Database]:
    with databases.experiment("models") as database:
        with database.connect() as connection:
            prepare_like(connection, head)
        yield database


def _record(
    database: Database, metadata: Sequence[MetaData], refused: tuple[RefusedDdl, ...], head: Snapshot | None
) -> ModelsRecord:
    with database.connect() as connection:
        snapshot = Reader(connection).read()
        declared = snapshot if head is None else snapshot.declared_beside(head)
        return ModelsRecord(declared, refused, _declared_enums(connection, metadata))


def _engine(database: Database) -> Engine:
    return create_engine(database.url, poolclass=NullPool)


def _builds(database: Database, metadata: Sequence[MetaData]) -> bool:
    try:
        with _engine(database).begin() as connection:
            for item in metadata:
                item.create_all(connection)
    except Exception:  # noqa: BLE001 - listeners on the models are anybody's code; what they raise is told piece by piece
        return False
    return True


def _build_piece_by_piece(database: Database, metadata: Sequence[MetaData]) -> tuple[RefusedDdl, ...]:
    refused: list[RefusedDdl] = []
    with _engine(database).begin() as connection:
        for item in metadata:
            told = {"tables": list(item.tables.values()), "checkfirst": False}
            refused.extend(_refused(connection, partial(item.dispatch.before_create, item, connection, **told)))
            for table in item.sorted_tables:
                refused.extend(_build_table(connection, table))
            refused.extend(_refused(connection, partial(item.dispatch.after_create, item, connection, **told)))
    return tuple(refused)


def _build_table(connection: Connection, table: Table) -> list[RefusedDdl]:
    """Build a table; where that does not pass, first without its indexes, then each index by itself."""
    whole = _refused(connection, partial(table.create, connection))
    if not whole:
        return []
    pieces = [
        CreateTable(table),
        *(CreateIndex(index) for index in sorted(table.indexes, key=lambda item: str(item.name))),
    ]
    refused = [one for piece in pieces for one in _refused(connection, partial(connection.execute, piece))]
    by_listener = not any(one.statement for one in whole)
    return whole + refused if by_listener else refused or whole


def _refused(connection: Connection, act: Callable[[], object]) -> list[RefusedDdl]:
    """Do something that is undone if it fails; give why it fails, or nothing."""
    try:
        with connection.begin_nested():
            act()
    except SQLAlchemyError as error:
        failure = describe(error)
        return [RefusedDdl(failure.statement or "", failure.message, failure.sqlstate)]
    except Exception as error:  # noqa: BLE001 - a listener on the models is anybody's code and may raise anything
        return [RefusedDdl("", f"{type(error).__name__}: {error}", None)]
    return []


def _declared_enums(connection: psycopg.Connection, metadata: Sequence[MetaData]) -> tuple[DeclaredEnum, ...]:
    types = [
        type_layers(column.type)[-1] for item in metadata for table in item.tables.values() for column in table.columns
    ]
    # Two columns may disagree on what a type holds; then each is compared.
    declared = {
        (one.schema or "public", one.name, tuple(one.enums)): one
        for one in types
        if isinstance(one, EnumType) and one.native_enum and one.name is not None
    }
    return tuple(_declared(_printed(connection, *key[:2]), declared[key]) for key in sorted(declared))


def _declared(name: str, declared: EnumType) -> DeclaredEnum:
    python_enum: type[Enum] | None = declared.enum_class
    return DeclaredEnum(name, tuple(declared.enums), python_enum.__qualname__ if python_enum is not None else None)


def _printed(connection: psycopg.Connection, schema: str, name: str) -> str:
    """Give a qualified name as the facts have it."""
    row = connection.execute("SELECT format('%%I.%%I', %s::text, %s::text)", (schema, name)).fetchone()
    assert row is not None
    return str(row[0])
