"""Notes what env.py leaves out of Alembic's comparison: by include_name, by include_object, and schemas by include_schemas."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Table, inspect

from .versions import rollback

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from .environment import Environment

LeftOut = dict[str, str]
"""`kind` as Alembic or a plugin names it ("table", "column", "index", "schema", "view", ...), `schema`, `table` where there is one, `name`."""

# What Alembic itself compares; all else comes from plugins.
KINDS = ("schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint", "check_constraint")


@contextlib.contextmanager
def noting_what_is_left_out(environment: Environment) -> Iterator[list[LeftOut]]:
    """Yield a list that grows while Alembic compares, and the schemas at which it does not look."""
    found_by_name = _schemas_of_search_path(environment.connection)
    noted = _unseen_schemas(environment, found_by_name)
    default = next(iter(found_by_name), "public")
    by_name, by_object = AutogenContext.run_name_filters, AutogenContext.run_object_filters

    def run_name_filters(self: Any, name: Any, type_: Any, parent_names: Any) -> bool:
        is_kept = by_name(self, name, type_, parent_names)
        if not is_kept:
            given = dict(parent_names)
            schema = (name if type_ == "schema" else given.get("schema_name")) or default
            table = given.get("table_name") or name if type_ in KINDS else None
            noted.append(_noted(type_, schema, table, name if type_ in KINDS else _entity(schema, name)))
        return is_kept

    # Plugins call it by keywords, and for what belongs to no table (alembic_utils).
    def run_object_filters(  # noqa: PLR0917 - Alembic's signature
        self: Any, object_: Any, name: Any, type_: Any, reflected: Any, compare_to: Any
    ) -> bool:
        is_kept = by_object(self, object_, name, type_, reflected, compare_to)
        table = object_ if isinstance(object_, Table) else getattr(object_, "table", None)
        schema = getattr(object_, "schema", None) or default
        if not is_kept and table is not None:
            noted.append(_noted(type_, table.schema or default, table.name, name))
        elif not is_kept and type_ not in KINDS:
            noted.append(_noted(type_, schema, None, _entity(schema, name)))
        return is_kept

    AutogenContext.run_name_filters = run_name_filters  # type: ignore[method-assign]
    AutogenContext.run_object_filters = run_object_filters  # type: ignore[method-assign]
    try:
        yield noted
    finally:
        AutogenContext.run_name_filters = by_name  # type: ignore[method-assign]
        AutogenContext.run_object_filters = by_object  # type: ignore[method-assign]


def _schemas_of_search_path(connection: Connection) -> list[str]:
    """Return the schemas in which names without a schema are found now; the dialect knows only the one at its first connection."""
    found = connection.exec_driver_sql("SELECT unnest(current_schemas(false))").scalars().all()
    rollback(connection)
    return list(found)


def _unseen_schemas(environment: Environment, found_by_name: list[str]) -> list[LeftOut]:
    """Return the schemas that no model names and no search_path, where env.py lets Alembic look at these alone.

    Not `public`: what stands there beside the schema that env.py chose has most likely gone astray.
    """
    if environment.context.opts.get("include_schemas"):
        return []
    declared = {table.schema for metadata in environment.target_metadata for table in metadata.tables.values()}
    seen = {*declared, *found_by_name, "public", "information_schema"}
    schemas = inspect(environment.connection).get_schema_names()
    rollback(environment.connection)
    return [_noted("schema", one, "", one) for one in schemas if one not in seen]


def _entity(schema: str, name: str | None) -> str:
    """Return the name of what a plugin names "public.lower_of(s text)", without schema and arguments."""
    return (name or "").removeprefix(f"{schema}.").partition("(")[0]


def _noted(kind: str, schema: str, table: str | None, name: str | None) -> LeftOut:
    return {"kind": kind, "schema": schema, "table": table or "", "name": name or ""}
