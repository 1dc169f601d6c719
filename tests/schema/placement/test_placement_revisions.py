"""Revisions since distribution is possible run nothing that a distributed database refuses; judged from their SQL."""

from __future__ import annotations

import io
import re

import pytest
from alembic import command
from alembic.config import Config

from flowforge_schema.health import known_revisions
from flowforge_schema.placement.layout import SPREAD, Kind

# The last revision that no database was distributed at.
BEFORE = "0027_validate_event_failures"

_SPREAD = "|".join(place.table for place in SPREAD)
_IN_SHARDS = "|".join(place.table for place in SPREAD if place.kind is Kind.DISTRIBUTED)
_ALTER = r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?:public\.)?"
_CLOCK = r"(?:now|statement_timestamp|clock_timestamp|transaction_timestamp)\(\)|current_timestamp"

REFUSED = {
    "a column together with a constraint": rf"{_ALTER}(?:{_SPREAD})\b(?=.*\bADD COLUMN\b).*\b(?:CHECK|REFERENCES|UNIQUE|CONSTRAINT)\b",
    "a constraint under a new name": rf"{_ALTER}(?:{_SPREAD})\b.*\bRENAME CONSTRAINT\b",
    "an identity": rf"{_ALTER}(?:{_SPREAD})\b.*(?:\bAS IDENTITY\b|\b(?:big|small)?serial\b)",
    "locks on rows of several shards": rf"(?:FROM|JOIN) (?:public\.)?(?:{_IN_SHARDS})\b.*\bFOR (?:NO KEY )?(?:UPDATE|SHARE)\b",
    "a clock within CASE or COALESCE": rf"UPDATE (?:public\.)?(?:{_SPREAD})\b.*(?:CASE\b.*|COALESCE\([^;]*)(?:{_CLOCK})",
}

SLIPS = {
    "ALTER TABLE users ADD COLUMN age integer CHECK (age > 0)": "a column together with a constraint",
    "ALTER TABLE workflow_runs ADD COLUMN a int, ADD CONSTRAINT b CHECK (a > 0)": "a column together with a constraint",
    "ALTER TABLE users RENAME CONSTRAINT a TO b": "a constraint under a new name",
    "ALTER TABLE public.workflow_runs ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY": "an identity",
    "ALTER TABLE workflows ADD COLUMN n bigserial": "an identity",
    "UPDATE workflow_runs SET a = 1 WHERE id IN (SELECT id FROM workflow_runs\nLIMIT 9 FOR UPDATE SKIP LOCKED)": "locks on rows of several shards",
    "UPDATE workflow_runs SET started_at = coalesce(started_at, now())": "a clock within CASE or COALESCE",
}
SOUND = (
    "ALTER TABLE users ADD COLUMN age integer DEFAULT 3",
    "ALTER TABLE users ADD CONSTRAINT ck_users__age CHECK (age > 0) NOT VALID",
    "ALTER TABLE outbox_events ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY",
    "SELECT id FROM outbox_events FOR UPDATE SKIP LOCKED",
    "UPDATE workflow_runs SET started_at = least(started_at, now())",
)


def refused(sql: str) -> list[str]:
    """Return what of REFUSED the statements hold."""
    return [
        why
        for statement in sql.split(";")
        for why, pattern in REFUSED.items()
        if re.search(pattern, statement, re.IGNORECASE | re.DOTALL)
    ]


def sql_of(first: str, last: str) -> str:
    """Return the SQL of the revisions behind `first`, as Alembic prints it."""
    printed = io.StringIO()
    command.upgrade(Config("alembic.ini", output_buffer=printed), f"{first}:{last}", sql=True)
    return printed.getvalue()


def test_no_revision_since_runs_what_a_distributed_database_refuses() -> None:
    last = known_revisions()[-1]

    assert BEFORE in known_revisions()
    assert last == BEFORE or refused(sql_of(BEFORE, last)) == []


@pytest.mark.parametrize(("statement", "why"), SLIPS.items())
def test_what_is_refused_is_seen(statement: str, why: str) -> None:
    assert refused(f"SELECT 1;{statement};") == [why]


def test_what_is_taken_is_not_told() -> None:
    assert refused(";".join(SOUND)) == []


def test_the_sql_of_a_revision_is_what_is_judged() -> None:
    assert "ALTER TABLE outbox_events" in sql_of("0025_keep_published", "0026_add_event_failures")
