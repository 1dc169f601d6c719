"""Carries out a plan: what belongs together in one transaction, then what each is one of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from flowforge_schema.distribute.refusing import (
    DistributionError,
    obstacles,
    read_node_settings,
    refuse,
    refuse_other_revision,
    refuse_without_extension,
)
from flowforge_schema.migrate import current, refuse_unknown
from flowforge_schema.migrate.connecting import connect, major_version
from flowforge_schema.migrate.facts import release_facts
from flowforge_schema.migrate.messages import say_seen
from flowforge_schema.placement import (
    Plan,
    Problem,
    not_the_coordinator,
    plan_distribution,
    plan_undoing,
    read_cluster,
    read_schema,
)
from flowforge_schema.settings import DatabaseSettings

SHARDS: Final = 32
MOST_WAIT_S: Final = 60
# As long as a statement of an upgrade may wait, and others behind it.
LOCK_TIMEOUT_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The plan, and whether it was carried out; nothing is where it is only shown, or where there was nothing to do."""

    plan: Plan
    is_done: bool


def distribute(
    settings: DatabaseSettings, *, shards: int = SHARDS, only_plan: bool = False, most_wait_s: float = MOST_WAIT_S
) -> Outcome:
    """Distribute the database; a second call finds nothing to do, or does what is wanting.

    One transaction, during which writers of the distributed tables wait; a failure, or an end of the process, before its commit leaves
    everything as it was, and one afterwards nothing but copies that a second call frees. Raises DistributionError, before anything is
    changed, where something stands in the way, or writers would wait for longer than `most_wait_s`.
    """
    status = current(settings)
    refuse_unknown(status)
    with connect(settings) as connection:
        refuse_without_extension(connection)
        facts, cluster = read_schema(connection), read_cluster(connection)
        if cluster.is_coordinator:
            refuse_other_revision(status)
        node_settings = read_node_settings(connection) if cluster.is_coordinator else []
        refuse(obstacles(facts, cluster, node_settings), "Nothing was distributed: something stands in the way.")
        plan = plan_distribution(facts, cluster, shards=shards, lock_timeout_ms=settings.lock_timeout_ms)
        if not only_plan:
            _refuse_long_wait(plan, most_wait_s)
        connection.rollback()
        return _carry_out(connection, plan, only_plan=only_plan)


def undistribute(settings: DatabaseSettings, *, only_plan: bool = False, most_wait_s: float = MOST_WAIT_S) -> Outcome:
    """Make plain tables on the coordinator of all again, in one transaction; the other nodes keep nothing. Raises DistributionError."""
    current(settings)
    with connect(settings) as connection:
        refuse_without_extension(connection)
        facts, cluster = read_schema(connection), read_cluster(connection)
        if not cluster.is_coordinator:
            refuse([not_the_coordinator(cluster)], "Nothing was changed.")
        release = release_facts(major_version(connection))
        functions = {subject.name: definition for subject, definition in release.items() if subject.kind == "function"}
        plan = plan_undoing(facts, cluster, functions)
        if not only_plan:
            _refuse_long_wait(plan, most_wait_s)
        connection.rollback()
        return _carry_out(connection, plan, only_plan=only_plan)


def _refuse_long_wait(plan: Plan, most_wait_s: float) -> None:
    if plan.blocking_s > most_wait_s:
        seen = f"writers would wait for about {plan.blocking_s:.0f} s, and {most_wait_s:g} s are allowed"
        mend = f"the same command with --most-wait-s {plan.blocking_s * 2:.0f}, at a quiet hour"
        refuse([Problem(seen, mend)], "Nothing was changed.")


def _carry_out(connection: Connection, plan: Plan, *, only_plan: bool) -> Outcome:
    if only_plan or plan.is_empty:
        return Outcome(plan, is_done=False)
    if plan.together:
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_MS}ms'"))
            for statement in plan.together:
                _run(connection, statement, "Nothing was changed: a statement was refused.")
    own = connection.execution_options(isolation_level="AUTOCOMMIT")
    for statement in plan.afterwards:
        _run(own, statement, "The tables lie where they should; what was to follow was refused.")
    return Outcome(plan, is_done=True)


def _run(connection: Connection, statement: str, what: str) -> None:
    try:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    except DBAPIError as error:
        problem = Problem(
            f"{say_seen(error)} in {' '.join(statement.split())[:200]}",
            "correct what the message says, then the same command again",
        )
        raise DistributionError(f"{what}\n  seen: {problem.seen}\n  fix: {problem.mend}") from error
