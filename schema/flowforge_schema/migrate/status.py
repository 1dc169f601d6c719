"""Where a database stands: its revision, what an upgrade would run, and indexes that an upgrade has left invalid."""

from __future__ import annotations

from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from flowforge_schema.migrate.configuring import Chain, configure
from flowforge_schema.migrate.connecting import Target, reading
from flowforge_schema.migrate.messages import MigrationError


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database stands: its revision (None before the first), the chain's head, and what lies between, in order.

    A revision that is not known is of a later release, or of another one beside this.
    """

    revision: str | None
    head: str
    pending: tuple[str, ...]
    invalid_indexes: tuple[str, ...]
    is_known: bool


def current(target: Target) -> SchemaStatus:
    """Return where the database stands, and change nothing. Raises MigrationError where it cannot be reached or read."""
    with reading(target) as connection:
        return status_of(connection, configure())


def refuse_unknown(status: SchemaStatus) -> None:
    """Raise MigrationError where the database is at a revision that this release does not know."""
    if not status.is_known:
        raise MigrationError(
            f"The database is at {status.revision}, which this release does not know: it is ahead of this code.\n"
            f"  seen: this release's last revision is {status.head}\n"
            "  fix: use the release that made it, or a later one"
        )


def status_of(connection: Connection, chain: Chain) -> SchemaStatus:
    """Return where the database of a connection stands."""
    heads = MigrationContext.configure(connection).get_current_heads()
    ordered = chain.revisions()
    revision = heads[-1] if heads else None
    is_known = revision is None or revision in ordered
    done = 0 if revision is None else len(ordered) if not is_known else ordered.index(revision) + 1
    return SchemaStatus(revision, ordered[-1], tuple(ordered[done:]), invalid_indexes(connection), is_known)


def invalid_indexes(connection: Connection) -> tuple[str, ...]:
    """Return the indexes that a CREATE INDEX CONCURRENTLY left behind when it did not end; nothing reads them, IF NOT EXISTS skips them."""
    return tuple(
        connection.scalars(
            text(
                "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index AS i"
                " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
                " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
                " WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT EXISTS"
                " (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid) ORDER BY 1"
            )
        )
    )
