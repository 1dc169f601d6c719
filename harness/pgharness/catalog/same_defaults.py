"""Asks a server whether two defaults that are printed otherwise are the same: one expression, or the same value whenever it is stored."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import psycopg

# A default that depends on nothing: a literal, maybe with casts.
_CONSTANT = re.compile(r"(?:'(?:[^']|'')*'|-?[\d.]+|\(-?[\d.]+\)|true|false)(?:::[\w\s.\"()\[\],]+)?")
# What puts values together, and is stable only since it writes some of them as the session says.
_BUILDERS = (
    *("json_build_object", "json_build_array", "jsonb_build_object", "jsonb_build_array", "to_json", "to_jsonb"),
    *("array_to_json", "array_to_string", "concat", "concat_ws", "format"),
)
# Nodes of an expression without columns, parameters and settings (nodes/primnodes.h).
_BUILDING_NODES = ("FUNCEXPR", "CONST", "RELABELTYPE", "ARRAYEXPR", "ARRAY")
# Types whose values are written alike in each session: truths, integers, texts, JSON, and arrays of them.
_WRITTEN_ALIKE_TYPES = (16, 20, 21, 23, 25, 114, 705, 1000, 1005, 1007, 1009, 1016, 1043, 1015, 1700, 3802, 3807)


def is_one_value(connection: psycopg.Connection[Any], data_type: str, left: str, right: str) -> bool:
    """Whether two defaults of columns of one type are one expression, or store the same value, now and ever."""
    with suppress(
        psycopg.Error
    ):  # a type or a function of the project's own, or one that gives something else tomorrow
        if _is_one_tree(connection, data_type, left, right):
            return True
        if all(map(_CONSTANT.fullmatch, (left, right))):
            query = f"SELECT ({left})::{data_type}::text = ({right})::{data_type}::text"
            row = connection.execute(query.encode()).fetchone()
        elif _builds_alone(connection):
            row = connection.execute("INSERT INTO pg_temp.stored DEFAULT VALUES RETURNING l::text = r::text").fetchone()
        else:
            row = _stored(connection, data_type, left, right)
        return row is not None and row[0] is True
    return False


def _builds_alone(connection: psycopg.Connection[Any]) -> bool:
    """Whether both expressions do nothing but put literals together, by functions that are not immutable for other arguments' sake.

    `jsonb_build_object()` is stable, for it may be given a moment, which is written as the session has it.
    """
    row = connection.execute(
        r"""
        SELECT bool_and(
            NOT EXISTS (SELECT FROM regexp_matches(adbin::text, '\{([A-Z]+)', 'g') AS node WHERE node[1] <> ALL (%s))
            AND NOT EXISTS (
                SELECT FROM regexp_matches(adbin::text, ':funcid (\d+)', 'g') AS called
                JOIN pg_catalog.pg_proc ON pg_proc.oid = called[1]::oid
                WHERE provolatile <> 'i' AND NOT (pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (%s))
            )
            AND NOT EXISTS (SELECT FROM regexp_matches(adbin::text, ':consttype (\d+)', 'g') AS literal WHERE literal[1]::oid <> ALL (%s::oid[]))
        )
        FROM pg_catalog.pg_attrdef WHERE adrelid = 'pg_temp.stored'::regclass
        """,
        (list(_BUILDING_NODES), list(_BUILDERS), list(_WRITTEN_ALIKE_TYPES)),
    ).fetchone()
    return row is not None and row[0] is True


def _is_one_tree(connection: psycopg.Connection[Any], data_type: str, left: str, right: str) -> bool:
    """Whether two defaults are one expression: `timezone('utc', now())` is `now() AT TIME ZONE 'utc'`, and keeps its spelling.

    How a call is spelled, and where it stands in the text, are fields of the tree that mean nothing (nodes/primnodes.h, CoercionForm).
    """
    connection.execute("DROP TABLE IF EXISTS pg_temp.stored")
    connection.execute(
        f"CREATE TEMPORARY TABLE stored (l {data_type} DEFAULT {left}, r {data_type} DEFAULT {right})".encode()
    )
    row = connection.execute(
        r"SELECT count(DISTINCT regexp_replace(adbin::text, ':(?:\w*format|\w*location) -?\d+', '', 'g')) = 1 "
        "FROM pg_catalog.pg_attrdef WHERE adrelid = 'pg_temp.stored'::regclass"
    ).fetchone()
    return row is not None and row[0] is True


def _stored(connection: psycopg.Connection[Any], data_type: str, left: str, right: str) -> Any:
    """Return whether both are the same once stored; the server refuses what is not immutable (manual, 5.4 "Generated Columns")."""
    columns = ", ".join(
        f"{name} {data_type} GENERATED ALWAYS AS ({printed}) STORED" for name, printed in (("l", left), ("r", right))
    )
    connection.execute("DROP TABLE IF EXISTS pg_temp.stored")
    connection.execute(f"CREATE TEMPORARY TABLE stored ({columns})".encode())
    return connection.execute("INSERT INTO stored DEFAULT VALUES RETURNING l::text = r::text").fetchone()
