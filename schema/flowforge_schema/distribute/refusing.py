"""What is refused before anything is changed, each with what was seen and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, text

from flowforge_schema.migrate import SchemaStatus
from flowforge_schema.migrate.messages import MigrationError
from flowforge_schema.placement import (
    Cluster,
    Problem,
    SchemaFacts,
    has_extension,
    judge_schema,
    misplaced,
    not_the_coordinator,
)

NODE_SETTINGS = "SELECT current_setting('max_prepared_transactions') || ' ' || current_setting('wal_level')"


class DistributionError(MigrationError):
    """A database was not distributed, or not taken back; the message says what was seen and what to type."""

    code = "distribution_failed"
    title = "The database could not be distributed."


def refuse(problems: Sequence[Problem], what: str) -> None:
    """Raise DistributionError where there are problems."""
    if problems:
        lines = [f"  seen: {problem.seen}\n  fix: {problem.mend}" for problem in problems]
        raise DistributionError("\n".join([what, *lines]))


def refuse_without_extension(connection: Connection) -> None:
    """Raise DistributionError where this database has no Citus."""
    if not has_extension(connection):
        mend = "put citus into shared_preload_libraries on every node, restart them, and CREATE EXTENSION citus in this database on each"
        refuse([Problem("it has no extension citus", mend)], "The database is not one that can be distributed.")


def refuse_other_revision(status: SchemaStatus) -> None:
    """Raise DistributionError where the database is at another revision than this release."""
    if status.revision != status.head:
        seen = f"the database is at {status.revision or 'base'}, this release at {status.head}"
        refuse(
            [Problem(seen, "flowforge-schema upgrade")], "Nothing was distributed: the schema is not this release's."
        )


def obstacles(facts: SchemaFacts, cluster: Cluster, settings: Sequence[tuple[str, bool, str]]) -> tuple[Problem, ...]:
    """Return all that stands in the way; pure. `settings` are those of `read_node_settings`."""
    if not cluster.is_coordinator:
        return (not_the_coordinator(cluster),)
    return (*_nodes(cluster), *_settings(settings), *misplaced(cluster), *judge_schema(facts))


def _nodes(cluster: Cluster) -> Iterator[Problem]:
    if not any(node.group == 0 for node in cluster.nodes):
        yield Problem(
            "the other nodes do not know the coordinator's address", "SELECT citus_set_coordinator_host(host, port)"
        )
    if not any(node.group and node.is_active and node.holds_shards for node in cluster.nodes):
        yield Problem("there is no active worker", "SELECT citus_add_node(host, port), for each")


def _settings(settings: Sequence[tuple[str, bool, str]]) -> Iterator[Problem]:
    for node, could_be_asked, answer in settings:
        if not could_be_asked:
            yield Problem(
                f"the node {node} does not answer: {answer}", "start it, or SELECT citus_remove_node(host, port)"
            )
            continue
        prepared, wal_level = answer.split()
        if prepared == "0":
            mend = f"on {node}: ALTER SYSTEM SET max_prepared_transactions = 200, and a restart"
            yield Problem(f"the node {node} prepares no transactions (max_prepared_transactions is 0)", mend)
        if wal_level != "logical":
            mend = f"on {node}: ALTER SYSTEM SET wal_level = logical, and a restart"
            yield Problem(
                f"the node {node} could not give shards away while they are used (wal_level is {wal_level})", mend
            )


def read_node_settings(connection: Connection) -> list[tuple[str, bool, str]]:
    """Ask each node; return its address, whether it answered, and its answer or what went wrong."""
    asked = text(
        "SELECT node.nodename || ':' || node.nodeport AS node, answer.success, answer.result"
        " FROM run_command_on_all_nodes(:command) AS answer JOIN pg_dist_node AS node USING (nodeid) ORDER BY 1"
    )
    rows: Any = connection.execute(asked, {"command": NODE_SETTINGS})
    return [(row.node, row.success, row.result) for row in rows]
