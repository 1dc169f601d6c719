"""Makes in a database what the models declare, also where `create_all` as a whole does not pass, and tells their enum types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, MetaData, Table, TypeDecorator, text
from sqlalchemy import Enum as EnumType
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint, CreateTable, ForeignKeyConstraint, sort_tables, sort_tables_and_constraints

from .failures import describe
from .versions import commit, rollback

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Refused = dict[str, Any]


def build_models(connection: Connection, metadata: Sequence[MetaData]) -> dict[str, Any]:
    """Make the models; give the statements that were refused, and the enum types that are declared.

    Where `create_all` is refused, it is asked once more beside the types that models leave to the chain; then tables and indexes are
    made one by one, so that one refusal is told and not all that follow.
    """
    is_built = _builds(connection, metadata) or (
        _make_types_of_the_chain(connection, metadata) and _builds(connection, metadata)
    )
    refused = [] if is_built else _build_piece_by_piece(connection, metadata)
    commit(connection)
    return {"refused": refused, "enums": _declared_enums(connection, metadata)}


def _builds(connection: Connection, metadata: Sequence[MetaData]) -> bool:
    try:
        for item in metadata:
            item.create_all(connection)
        commit(connection)
    except Exception:  # listeners on the models are anybody's code; what they raise is told piece by piece
        rollback(connection)
        return False
    return True


def _make_types_of_the_chain(connection: Connection, metadata: Sequence[MetaData]) -> bool:
    """Make the enums and domains of `create_type=False`, which models define and `create_all` leaves to others; whether there are any."""
    declared = (
        _innermost(column.type) for item in metadata for table in item.tables.values() for column in table.columns
    )
    types: list[Any] = [one.dialect_impl(connection.dialect) for one in declared]
    left = [one for one in types if not getattr(one, "create_type", True) and getattr(one, "enums", True)]
    try_each(connection, [partial(one.create, connection, checkfirst=True) for one in left])
    commit(connection)
    return bool(left)


def _build_piece_by_piece(connection: Connection, metadata: Sequence[MetaData]) -> list[Refused]:
    """Make table by table; what is refused is tried again once others stand, for a key may lead into another MetaData."""
    refused: list[Refused] = []
    for item in metadata:
        refused += _told(connection, item, "before_create")
    nowhere = {table: why for item in metadata for table, why in _leading_nowhere(connection, item).items()}
    refused += nowhere.values()
    waiting = [table for item in metadata for table in _in_order(item, leave_out=nowhere)]
    later = _added_later(waiting)
    while waiting:
        still = [table for table in waiting if _refused(connection, partial(table.create, connection, checkfirst=True))]
        if len(still) == len(waiting):
            break
        waiting = still
    for table in waiting:
        refused += _build_in_pieces(connection, table)
    refused += try_each(connection, [partial(connection.execute, AddConstraint(key)) for key in later])
    for item in metadata:
        refused += _told(connection, item, "after_create")
    return refused


def _in_order(metadata: MetaData, leave_out: Collection[Table]) -> list[Table]:
    """Return the tables, those first that others refer to, as `MetaData.sorted_tables` does."""
    tables = [table for _, table in sorted(metadata.tables.items()) if table not in leave_out]
    return list(sort_tables(tables))


def _added_later(tables: Sequence[Table]) -> list[ForeignKeyConstraint]:
    """Return the foreign keys that `create_all` adds when all tables stand: those that say so, and those of a circle, which say so from now on."""
    (*_, (_, in_circles)) = sort_tables_and_constraints(tables)
    for key in in_circles:
        key.use_alter = True  # or CREATE TABLE would have it
    keys = (key for table in tables for key in table.foreign_key_constraints if key.use_alter)
    return sorted(keys, key=lambda key: (str(key.table), key.column_keys))


def _leading_nowhere(connection: Connection, metadata: MetaData) -> dict[Table, Refused]:
    """Return the tables with a foreign key to a table or column that no MetaData has, and why; no order can be found with them."""
    found: dict[Table, Refused] = {}
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            try:
                _ = key.column
            except SQLAlchemyError as error:
                name = connection.dialect.identifier_preparer.format_table(table)
                found[table] = {"statement": f"CREATE TABLE {name} (…)", "message": str(error), "sqlstate": None}
    return found


def _told(connection: Connection, metadata: MetaData, name: str) -> list[Refused]:
    """Call the listeners that `create_all` calls."""
    given = {"tables": list(metadata.tables.values()), "checkfirst": True}
    return _refused(connection, partial(getattr(metadata.dispatch, name), metadata, connection, **given))


def _build_in_pieces(connection: Connection, table: Table) -> list[Refused]:
    """Make a table that was refused first without its indexes, then each index by itself."""
    whole = _refused(connection, partial(table.create, connection, checkfirst=True))
    if not whole:
        return []
    by_listener = not any(one["statement"] for one in whole)
    create = (
        partial(connection.execute, CreateTable(table)) if by_listener else partial(_create_alone, connection, table)
    )
    refused = _refused(connection, create)
    for index in sorted(table.indexes, key=lambda item: str(item.name)):
        refused += _refused(connection, partial(index.create, connection))  # which passes over one of another dialect
    return whole + refused if by_listener else refused or whole


def _create_alone(connection: Connection, table: Table) -> None:
    """Make a table and its types without its indexes."""
    indexes = set(table.indexes)
    table.indexes.clear()
    try:
        table.create(connection, checkfirst=True)
    finally:
        table.indexes.update(indexes)


def _refused(connection: Connection, act: Callable[[], object]) -> list[Refused]:
    """Do something that is undone if it fails; give why it fails, or nothing."""
    try:
        with connection.begin_nested():
            act()
    except SQLAlchemyError as error:
        failure = describe(error)
        return [
            {"statement": failure["statement"] or "", "message": failure["message"], "sqlstate": failure["sqlstate"]}
        ]
    except Exception as error:  # a listener on the models is anybody's code and may raise anything
        return [{"statement": "", "message": f"{type(error).__name__}: {error}", "sqlstate": None}]
    return []


def try_each(connection: Connection, acts: Sequence[Callable[[], object]]) -> list[Refused]:
    """Do one thing after another, each undone if it fails; return why they fail."""
    return [one for act in acts for one in _refused(connection, act)]


def _declared_enums(connection: Connection, metadata: Sequence[MetaData]) -> list[dict[str, Any]]:
    types = [_innermost(column.type) for item in metadata for table in item.tables.values() for column in table.columns]
    translated: dict[Any, Any] = connection.get_execution_options().get("schema_translate_map") or {}
    # Two columns may disagree on what a type holds; then each is compared.
    declared = {
        (translated.get(one.schema, one.schema) or "", one.name, tuple(one.enums)): one
        for one in types
        if isinstance(one, EnumType) and one.native_enum and one.name is not None
    }
    return [_declared(_printed(connection, *key[:2]), declared[key]) for key in sorted(declared)]


def _innermost(declared: Any) -> Any:
    """Return a column's type, that of an array's items, or that beneath a decorator."""
    while isinstance(declared, (ARRAY, TypeDecorator)):
        declared = declared.item_type if isinstance(declared, ARRAY) else _beneath(declared)
    return declared


def _beneath(decorator: Any) -> Any:
    return decorator.impl_instance if hasattr(decorator, "impl_instance") else decorator.impl


def _declared(name: str, declared: Any) -> dict[str, Any]:
    python_enum = declared.enum_class
    return {
        "name": name,
        "labels": list(declared.enums),
        "python_enum": python_enum.__qualname__ if python_enum is not None else None,
    }


def _printed(connection: Connection, schema: str, name: str) -> str:
    """Return a qualified name as PostgreSQL prints it; one without a schema is where the session makes things."""
    query = (
        "SELECT coalesce(quote_ident(nullif(CAST(:schema AS text), '')), quote_ident(current_schema()), 'public') "
        "|| '.' || quote_ident(CAST(:name AS text))"
    )
    return str(connection.scalar(text(query), {"schema": schema, "name": name}))
