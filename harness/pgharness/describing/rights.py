"""Says which right was lacking where PostgreSQL refused a statement by 42501, and how a managed service gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgharness.records.steps import Failure


@dataclass(frozen=True, slots=True)
class Right:
    """A right in words, and how to do without it or get it; `words` is a pattern that statement or message must match."""

    words: str
    lacking: str
    fix: str


RIGHTS = (
    Right(
        r"create extension",
        "the right to make an extension that is not trusted (manual, CREATE EXTENSION)",
        "CREATE EXTENSION IF NOT EXISTS, which passes where it is there already, and let the service's administrator make it once before the "
        "chain (rds_superuser, cloudsqlsuperuser, azure.extensions)",
    ),
    Right(
        r"event trigger",
        "superuser, for an event trigger",
        "let the service's administrator make it outside of the chain (rds_superuser, cloudsqlsuperuser)",
    ),
    Right(
        r"session_replication_role",
        "the right to set session_replication_role",
        "ALTER TABLE … DISABLE TRIGGER USER around the statement, or GRANT SET ON PARAMETER session_replication_role TO the role",
    ),
    Right(
        r"is a system trigger",
        "superuser, to switch foreign keys off",
        "ALTER TABLE … DISABLE TRIGGER USER, which leaves foreign keys on; or make them DEFERRABLE and SET CONSTRAINTS ALL DEFERRED",
    ),
    Right(
        r"\bCOPY\b|pg_read_server_files|pg_execute_server_program|pg_write_server_files",
        "pg_read_server_files, pg_write_server_files or pg_execute_server_program",
        "send the rows from the client: op.bulk_insert(…), or COPY … FROM STDIN",
    ),
    Right(
        r"must be able to SET ROLE|must be member of role|permission denied to set role",
        "membership in the role",
        "GRANT <that role> TO the role that migrates, or leave the owner to the deployment: ALTER … OWNER TO outside of the chain",
    ),
    Right(
        r"language .* is not trusted|permission denied for language",
        "the right to use a language that is not trusted",
        "write the function in SQL or PL/pgSQL",
    ),
    Right(
        r"leakproof",
        "superuser, for LEAKPROOF",
        "leave LEAKPROOF out",
    ),
    Right(
        r'permission denied to set parameter "(?P<parameter>[^"]+)"',
        "the right to set that parameter",
        "GRANT SET ON PARAMETER … TO the role, or leave it to the server's configuration",
    ),
    Right(
        r"must be owner of database|permission denied for database",
        "the database itself, which is another role's",
        "ALTER DATABASE outside of the chain, or let the role that migrates own it",
    ),
    Right(
        r"must be owner of",
        "the object, which is another role's",
        "let one role make and alter it, or GRANT its owner TO the role that migrates",
    ),
)
OTHERWISE = Right(
    "",
    "a right that superusers have",
    'do without it, or let a role that has it do this before the chain: baseline = "<file>.sql"',
)


def right_of(failure: Failure) -> Right:
    """Return the right that was lacking."""
    said = f"{failure.message}\n{failure.statement or ''}"
    return next((one for one in RIGHTS if re.search(one.words, said, re.IGNORECASE)), OTHERWISE)
