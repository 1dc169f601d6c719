"""Finds sequences whose next number a row has already: whoever inserts the next row is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgharness.records.given_numbers import GivenNumber
from pgharness.servers import Connection

# Columns that are unique by themselves, with the sequence that counts them upwards: that of an identity, or of their default.
_NUMBERED = """
WITH counted AS (
    SELECT refobjid AS relation, refobjsubid AS number, objid AS sequence, true AS is_own
    FROM pg_catalog.pg_depend
    WHERE deptype = 'i' AND classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND refobjsubid > 0
    UNION
    SELECT adrelid, adnum, uses.refobjid, EXISTS (
        SELECT FROM pg_catalog.pg_depend AS owned
        WHERE owned.objid = uses.refobjid AND owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND owned.deptype = 'a'
            AND owned.refobjid = adrelid AND owned.refobjsubid = adnum)
    FROM pg_catalog.pg_attrdef AS def
    JOIN pg_catalog.pg_depend AS uses ON uses.objid = def.oid AND uses.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
        AND uses.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_class AS named ON named.oid = uses.refobjid AND named.relkind = 'S'
)
SELECT pg_catalog.format('%I.%I', schema.nspname, relation.relname), pg_catalog.quote_ident(attname),
    pg_catalog.format('%I.%I', of_sequence.nspname, named.relname), seqincrement, sequence::bigint, is_own
FROM counted
JOIN pg_catalog.pg_class AS relation ON relation.oid = counted.relation AND relation.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS named ON named.oid = sequence
JOIN pg_catalog.pg_namespace AS of_sequence ON of_sequence.oid = named.relnamespace
JOIN pg_catalog.pg_attribute ON attrelid = counted.relation AND attnum = number
JOIN pg_catalog.pg_sequence ON seqrelid = sequence AND seqincrement > 0
WHERE atttypid IN (20, 21, 23, 1700) AND EXISTS (
    SELECT FROM pg_catalog.pg_index
    WHERE indrelid = relation.oid AND indisunique AND indnkeyatts = 1 AND indkey[0] = attnum AND indpred IS NULL)
ORDER BY 1, 2
"""
_NEAR = 1000
"""How many numbers ahead are looked at: rows farther off were given theirs with room before them."""


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A column, the sequence that counts it, and by how much; names as PostgreSQL prints them."""

    table: str
    column: str
    sequence: str
    increment: int
    oid: int
    is_own: bool


def read_given_numbers(observer: Connection) -> tuple[GivenNumber, ...]:
    """Read each first number that a sequence would give though a row has it."""
    numbered = [_Numbered(*row) for row in observer.execute(_NUMBERED, prepare=True).fetchall()]
    firsts = _firsts(observer, numbered)
    return tuple(
        GivenNumber(one.table, one.column, number, one.sequence, one.oid, is_own=one.is_own)
        for one, number in zip(numbered, firsts, strict=True)
        if number is not None
    )


def _firsts(observer: Connection, numbered: Sequence[_Numbered]) -> list[int | None]:
    """Return the number of each; all in one query, and where one of them cannot be read, each by itself."""
    if not numbered:
        return []
    try:
        asked = sql.SQL(" UNION ALL ").join(_first(place, one) for place, one in enumerate(numbered))
        found: dict[int, int | None] = dict(observer.execute(asked).fetchall())
    except psycopg.Error:  # another role's on a given server, or a policy that asks for more
        return [None] if len(numbered) == 1 else [number for one in numbered for number in _firsts(observer, [one])]
    return [found[place] for place in range(len(numbered))]


def _first(place: int, one: _Numbered) -> sql.Composed:
    return sql.SQL(
        "(SELECT {place}, min({column})::bigint FROM {table}, "
        "(SELECT last_value::numeric + CASE WHEN is_called THEN {increment} ELSE 0 END AS next FROM {sequence}) AS given "
        "WHERE {column} >= next AND {column} < next + {increment}::numeric * {near} AND ({column} - next) % {increment} = 0)"
    ).format(
        place=sql.Literal(place),
        column=sql.SQL(one.column),
        table=sql.SQL(one.table),
        sequence=sql.SQL(one.sequence),
        increment=sql.Literal(one.increment),
        near=sql.Literal(_NEAR),
    )
