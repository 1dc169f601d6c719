"""The check: whether a database's schema is the one of this release."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from flowforge_schema.migrate.configuring import configure
from flowforge_schema.migrate.connecting import Target, major_version, reading
from flowforge_schema.migrate.differences import differences
from flowforge_schema.migrate.facts import Facts, Subject, read_facts, release_facts
from flowforge_schema.migrate.messages import say_invalid
from flowforge_schema.migrate.status import refuse_unknown, status_of
from flowforge_schema.placement import (
    Cluster,
    SchemaFacts,
    has_extension,
    judge_placement,
    not_the_coordinator,
    read_cluster,
    read_schema,
)
from flowforge_schema.placement.forms import forms_by_signature


def check(target: Target) -> tuple[str, ...]:
    """Return what is wrong with the database's schema, each as a line; empty where it is the one of this release.

    Looks for pending revisions, invalid indexes, and at the head for every column, default, constraint, index, trigger, function,
    enum and setting of the release's tables that is missing, differs, or is not the release's, with the statement that mends it.
    Tables, functions and types of others are not looked at, nor are roles and rights. Of a distributed database it also tells what is
    not as `flowforge-schema distribute` left it. Changes nothing, and waits for no upgrade. Raises MigrationError where the database cannot be reached or read, or is of a later release.
    """
    with reading(target) as connection:
        placed = _Placed.read(connection)
        if placed.cluster is not None and not placed.cluster.is_coordinator:
            return (str(not_the_coordinator(placed.cluster)),)
        status = status_of(connection, configure())
        refuse_unknown(status)
        behind = [f"revision {name} has not been run; fix: flowforge-schema upgrade" for name in status.pending]
        invalid = [say_invalid(index) for index in status.invalid_indexes]
        found = () if behind else (*_differences(connection, placed), *placed.problems())
        return (*behind, *invalid, *found)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where the tables lie; `cluster` is None for a database without the extension, and `facts` then says nothing."""

    facts: SchemaFacts
    cluster: Cluster | None

    @classmethod
    def read(cls, connection: Connection) -> Self:
        if not has_extension(connection):
            return cls(SchemaFacts(), None)
        return cls(read_schema(connection), read_cluster(connection))

    @property
    def is_distributed(self) -> bool:
        return self.cluster is not None and self.cluster.is_distributed

    def problems(self) -> tuple[str, ...]:
        return () if self.cluster is None else tuple(map(str, judge_placement(self.facts, self.cluster)))


def _differences(connection: Connection, placed: _Placed) -> tuple[str, ...]:
    release, database = release_facts(major_version(connection)), read_facts(connection)
    if not placed.is_distributed:
        return differences(release, database)
    # What distribution makes, it judges and mends itself.
    found = differences(_without(release, OF_DISTRIBUTION), _without(database, OF_DISTRIBUTION))
    return tuple(_DDL_OF_TRIGGERS.sub(r"fix: SET citus.enable_unsafe_triggers = on; \1", line) for line in found)


OF_DISTRIBUTION = frozenset(
    {
        Subject("trigger", "outbox_events", "two_phase"),
        *(Subject("function", "", signature) for signature in forms_by_signature()),
    }
)
_DDL_OF_TRIGGERS = re.compile(r"fix: (CREATE TRIGGER|DROP TRIGGER|ALTER TABLE \S+ ENABLE TRIGGER)")


def _without(facts: Facts, subjects: Collection[Subject]) -> Facts:
    return {subject: definition for subject, definition in facts.items() if subject not in subjects}
