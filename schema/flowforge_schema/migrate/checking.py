"""The check: whether a database's schema is the one of this release."""

from __future__ import annotations

from sqlalchemy import Connection

from flowforge_schema.migrate.configuring import configure
from flowforge_schema.migrate.connecting import Target, major_version, reading
from flowforge_schema.migrate.differences import differences
from flowforge_schema.migrate.facts import read_facts, release_facts
from flowforge_schema.migrate.messages import say_invalid
from flowforge_schema.migrate.status import refuse_unknown, status_of


def check(target: Target) -> tuple[str, ...]:
    """Return what is wrong with the database's schema, each as a line; empty where it is the one of this release.

    Looks for pending revisions, invalid indexes, and at the head for every column, default, constraint, index, trigger, function,
    enum and setting of the release's tables that is missing, differs, or is not the release's, with the statement that mends it.
    Tables, functions and types of others are not looked at, nor are roles and rights. Changes nothing, and waits for no
    upgrade. Raises MigrationError where the database cannot be reached or read, or is of a later release.
    """
    with reading(target) as connection:
        status = status_of(connection, configure())
        refuse_unknown(status)
        behind = [f"revision {name} has not been run; fix: flowforge-schema upgrade" for name in status.pending]
        invalid = [say_invalid(index) for index in status.invalid_indexes]
        return (*behind, *invalid, *(() if behind else _differences(connection)))


def _differences(connection: Connection) -> tuple[str, ...]:
    return differences(release_facts(major_version(connection)), read_facts(connection))
