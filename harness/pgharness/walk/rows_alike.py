"""Makes rows alike in what an index would not let two rows share: values, NULL, a text but for its case, a range that overlaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import psycopg
from psycopg import sql

from pgharness.catalog.index_shapes import Index
from pgharness.rows import values_meeting
from pgharness.rows.reading import printed
from pgharness.servers import Connection
from pgharness.walk.newer_row import NewerRow
from pgharness.walk.rows_beyond import candidates_of, named_in

Values = dict[str, str | None]
Types = Mapping[str, str]
"""The columns of a table, and their types, as PostgreSQL prints them."""
_OPERATOR = re.compile(r" WITH ([^\s,()]+)")
_DIFFERS = "<>"
_OF_TEXTS = ("text", "character varying")


def alike(connection: Connection, index: Index, types: Types) -> Iterator[NewerRow]:
    """Yield a row that is like one that stands in the table, or two that are, on a database that has no such index."""
    if not index.is_unique and index.made_by != "exclusion":
        return
    where = f" where {index.predicate}" if index.predicate else ""
    why = f"{', '.join(index.expressions)} equal another row's{where}"
    columns = named_in((*index.expressions, index.predicate), types)
    base = _first(connection, index, columns)
    if base is not None:
        yield NewerRow(index.table, _varied(connection, index, base, types) or base, why)
    elif index.predicate and (made := _made(connection, index, columns, types)) is not None:
        yield NewerRow(index.table, made, why, count=2)
    if index.is_unique and not index.nulls_distinct and not index.predicate and set(index.expressions) <= types.keys():
        yield NewerRow(
            index.table, dict.fromkeys(index.expressions), f"{', '.join(index.expressions)} is NULL", count=2
        )


def _first(connection: Connection, index: Index, columns: tuple[str, ...]) -> Values | None:
    """Return what the first row has of these columns that the index would hold, and that would conflict with its like."""
    operators = _OPERATOR.findall(index.definition) if index.made_by == "exclusion" else []
    conflicts = [
        f"({one}) {operator} ({one})"
        for one, operator in zip(index.expressions, operators, strict=False)
        if operator != _DIFFERS
    ]
    conditions = [*(f"({one}) IS NOT NULL" for one in index.expressions), *conflicts]
    found = _row(connection, index.table, columns, [*conditions, index.predicate or "true"])
    differing = [one for one, operator in zip(index.expressions, operators, strict=False) if operator == _DIFFERS]
    for column in differing:
        if found is None or column not in found:
            return None
        other = _row(connection, index.table, (column,), [f"({column})::text <> {_literal(connection, found[column])}"])
        found = {**found, **other} if other is not None else None
    return found


def _row(connection: Connection, table: str, columns: tuple[str, ...], conditions: list[str]) -> Values | None:
    """Return the first row that meets all conditions; None where there is none, or a condition cannot be asked."""
    if not columns:
        return None
    query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY ctid LIMIT 1").format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(printed(one)) for one in columns),
        printed(table),
        sql.SQL(" AND ").join(printed(f"({one})") for one in conditions),
    )
    try:
        row = connection.execute(query, ()).fetchone()
    except psycopg.Error:  # it names what is not there yet
        return None
    return dict(zip(columns, row, strict=True)) if row is not None else None


def _literal(connection: Connection, value: str | None) -> str:
    return sql.Literal(value).as_string(connection)


def _varied(connection: Connection, index: Index, base: Values, types: Types) -> Values | None:
    """Return the values with texts in another case, where an expression of the index makes no difference of that."""
    inner = [one for one in base if one not in index.expressions and types[one].startswith(_OF_TEXTS)]
    varied = {**base, **{one: value.swapcase() for one in inner if (value := base[one]) is not None}}
    if varied == base:
        return None
    same = sql.SQL("SELECT {} = {}").format(*(_expressions(index, one, types) for one in (base, varied)))
    try:
        row = connection.execute(same, [*base.values(), *varied.values()]).fetchone()
    except psycopg.Error:
        return None
    return varied if row is not None and row[0] else None


def _expressions(index: Index, values: Values, types: Types) -> sql.Composable:
    cast = [sql.SQL("CAST(%s AS {}) AS {}").format(printed(types[one]), printed(one)) for one in values]
    parts = [printed(f"({one})::text") for one in index.expressions]
    return sql.SQL("(SELECT ARRAY[{}] FROM (SELECT {}) AS alone)").format(
        sql.SQL(", ").join(parts), sql.SQL(", ").join(cast)
    )


def _made(connection: Connection, index: Index, columns: tuple[str, ...], types: Types) -> Values | None:
    """Return values that meet the index's condition, which no row does, with those of another row for what is to be alike."""
    asked = named_in((index.predicate,), types)
    candidates = {one: candidates_of(connection, index.table, one, types[one], index.predicate) for one in asked}
    met = values_meeting(connection, {one: types[one] for one in asked}, candidates, index.predicate, most=1)
    beside = tuple(one for one in columns if one not in asked)
    kept = _row(connection, index.table, beside, [f"({one}) IS NOT NULL" for one in beside]) if beside else {}
    return {**kept, **met[0]} if met and kept is not None else None
