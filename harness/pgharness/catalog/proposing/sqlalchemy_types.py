"""PostgreSQL's types as SQLAlchemy's, for those that people use every day."""

from __future__ import annotations

import re

SIMPLE = {
    "bigint": "sa.BigInteger()",
    "boolean": "sa.Boolean()",
    "bytea": "sa.LargeBinary()",
    "character varying": "sa.String()",
    "date": "sa.Date()",
    "double precision": "sa.Double()",
    "integer": "sa.Integer()",
    "json": "sa.JSON()",
    "jsonb": "postgresql.JSONB()",
    "numeric": "sa.Numeric()",
    "real": "sa.REAL()",
    "smallint": "sa.SmallInteger()",
    "text": "sa.Text()",
    "timestamp with time zone": "sa.DateTime(timezone=True)",
    "timestamp without time zone": "sa.DateTime()",
    "uuid": "sa.Uuid()",
}
SIZED = {"character varying": "sa.String", "numeric": "sa.Numeric", "character": "sa.CHAR"}


def python_type(printed: str) -> str | None:
    """Write a type as a revision does, or None for one that is better left to SQL."""
    if printed in SIMPLE:
        return SIMPLE[printed]
    if printed.endswith("[]") and printed.removesuffix("[]") in SIMPLE:
        return f"postgresql.ARRAY({SIMPLE[printed.removesuffix('[]')]})"
    match = re.fullmatch(r"(character varying|numeric|character)\((\d+)(?:,(\d+))?\)", printed)
    if match is None:
        return None
    return f"{SIZED[match[1]]}({', '.join(one for one in match.groups()[1:] if one is not None)})"
