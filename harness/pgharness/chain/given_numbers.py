"""Finds sequences whose next number a row has already: whoever inserts the next row is refused."""

from __future__ import annotations

import contextlib

import psycopg
from psycopg import sql

from pgharness.records.deployment import GivenNumber
from pgharness.servers import Connection

# Columns that are unique by themselves, with the sequence of their own that counts upwards.
_NUMBERED = """
SELECT DISTINCT relation.oid::pg_catalog.regclass::text, pg_catalog.quote_ident(attname), sequence.objid::pg_catalog.regclass::text, seqincrement
FROM pg_catalog.pg_depend AS sequence
JOIN pg_catalog.pg_class AS relation ON relation.oid = refobjid AND relation.relkind IN ('r', 'p')
JOIN pg_catalog.pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
JOIN pg_catalog.pg_sequence ON seqrelid = sequence.objid AND seqincrement > 0
JOIN pg_catalog.pg_index ON indrelid = relation.oid AND indisunique AND indnkeyatts = 1 AND indkey[0] = attnum AND indpred IS NULL
WHERE sequence.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND sequence.deptype IN ('a', 'i') AND atttypid IN (20, 21, 23, 1700) AND (attidentity <> '' OR EXISTS (
        SELECT FROM pg_catalog.pg_attrdef AS def JOIN pg_catalog.pg_depend AS uses ON uses.objid = def.oid
        WHERE adrelid = attrelid AND adnum = attnum AND uses.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            AND uses.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND uses.refobjid = sequence.objid))
ORDER BY 1, 2
"""
_NEAR = 1000
"""How many numbers ahead are looked at: rows farther off were given theirs with room before them."""


def read_given_numbers(observer: Connection) -> tuple[GivenNumber, ...]:
    """Read each first number that a sequence would give though a row has it."""
    observer.execute("SET search_path = ''")
    found = []
    for table, column, sequence, increment in observer.execute(_NUMBERED).fetchall():
        with contextlib.suppress(psycopg.Error):  # another role's on a given server, or a policy that asks for more
            number = _first_given(observer, str(table), str(column), str(sequence), int(increment))
            if number is not None:
                found.append(GivenNumber(str(table), str(column), number))
    return tuple(found)


def _first_given(observer: Connection, table: str, column: str, sequence: str, increment: int) -> int | None:
    asked = sql.SQL(
        "SELECT min({column})::bigint FROM {table}, "
        "(SELECT last_value::numeric + CASE WHEN is_called THEN {increment} ELSE 0 END AS next FROM {sequence}) AS given "
        "WHERE {column} >= next AND {column} < next + {increment}::numeric * {near} AND ({column} - next) % {increment} = 0"
    ).format(
        column=sql.SQL(column),
        table=sql.SQL(table),
        sequence=sql.SQL(sequence),
        increment=sql.Literal(increment),
        near=sql.Literal(_NEAR),
    )
    row = observer.execute(asked).fetchone()
    return int(row[0]) if row is not None and row[0] is not None else None
