"""The plan holds what is wanting and nothing else, in the order that works; the verdict tells what is not as the plan leaves it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import NullPool, create_engine

from flowforge_schema.distribute.refusing import obstacles
from flowforge_schema.distribute.telling import tell_plan
from flowforge_schema.placement import (
    LAYOUT,
    Cluster,
    Kind,
    SchemaFacts,
    judge_placement,
    plan_distribution,
    plan_undoing,
    read_schema,
)
from flowforge_schema.placement.cluster import Node, SpreadTable
from flowforge_schema.placement.facts import Trigger
from flowforge_schema.placement.forms import forms_by_signature
from flowforge_schema.placement.layout import SPREAD
from flowforge_schema.placement.two_phase import ANCHOR, CREATE_TRIGGER
from pgharness.databases import Database

NODES = (Node("a:1", 0, is_active=True, holds_shards=False), Node("b:1", 1, is_active=True, holds_shards=True))
BARE = Cluster(group=0, nodes=NODES)
SETTINGS = [("a:1", True, "200 logical"), ("b:1", True, "200 logical")]


@pytest.fixture
def facts(migrated_database: Database) -> SchemaFacts:
    """Return the facts of the schema at head."""
    with create_engine(migrated_database.url, poolclass=NullPool).connect() as connection:
        return read_schema(connection)


def distributed(facts: SchemaFacts) -> tuple[SchemaFacts, Cluster]:
    """Return what is read after distribution."""
    lying = [
        SpreadTable(
            place.table, place.kind, place.column, 7 if place.beside or place.table == "workflow_runs" else 3, 0
        )
        for place in SPREAD
    ]
    anchor = SpreadTable(ANCHOR, Kind.LOCAL, None, 0, 0)
    trigger = Trigger("two_phase", "outbox_events", "commit_in_two_phases", CREATE_TRIGGER)
    after = replace(
        facts,
        tables=(*facts.tables, ANCHOR),
        functions=tuple(forms_by_signature().items()),
        triggers=(*facts.triggers, trigger),
    )
    return after, replace(BARE, tables=(*lying, anchor), anchor_trigger=CREATE_TRIGGER)


def position(steps: tuple[str, ...], beginning: str) -> int:
    return next(number for number, step in enumerate(steps) if step.startswith(beginning))


def test_a_whole_plan_has_everything_in_the_order_that_works(facts: SchemaFacts) -> None:
    plan = plan_distribution(facts, BARE, shards=8, lock_timeout_ms=5000)

    steps = plan.together
    places = [position(steps, f"SELECT create_{kind}('{table}'") for kind, table in _creations()]
    assert places == sorted(places)
    for key in ("run_step_logs", "workflow_run_claims"):
        dropped, added = (position(steps, f"ALTER TABLE {key} {verb} CONSTRAINT") for verb in ("DROP", "ADD"))
        assert dropped < places[0] < places[-1] < added
    assert position(steps, "DROP TRIGGER tr_workflow_steps__published_stay") < places[0]
    assert places[-1] < position(steps, "CREATE OR REPLACE FUNCTION shard_beside")
    assert position(steps, "CREATE OR REPLACE FUNCTION shard_beside") < position(
        steps, "CREATE OR REPLACE FUNCTION add"
    )
    assert position(steps, "CREATE OR REPLACE FUNCTION keep") < position(steps, "CREATE TRIGGER tr_")
    assert position(steps, "CREATE TABLE two_phase_anchor") < position(steps, "CREATE TRIGGER two_phase")
    assert not any("set_updated_at" in step and "TRIGGER" in step for step in steps if not step.startswith("CREATE OR"))
    assert "SET LOCAL citus.shard_count = 8" in steps
    freed = [step.split("'")[1] for step in plan.afterwards if "truncate_local" in step]
    assert freed == [place.table for place in reversed(SPREAD)]
    assert "ALTER ROLE CURRENT_USER SET lock_timeout = '5000ms'" in plan.afterwards


def _creations() -> list[tuple[str, str]]:
    return [
        ("reference_table" if place.kind is Kind.REFERENCE else "distributed_table", place.table) for place in SPREAD
    ]


def test_nothing_is_left_to_do_or_to_tell_after_distribution(facts: SchemaFacts) -> None:
    after, cluster = distributed(facts)

    assert plan_distribution(after, cluster, shards=8, lock_timeout_ms=1).is_empty
    assert judge_placement(after, cluster) == ()
    assert obstacles(after, cluster, SETTINGS) == ()
    assert judge_placement(facts, BARE) == ()
    assert list(tell_plan(plan_distribution(after, cluster, shards=8, lock_timeout_ms=1))) == ["-- Nothing to do."]


def test_a_plan_that_was_cut_short_is_finished(facts: SchemaFacts) -> None:
    after, cluster = distributed(facts)
    left_over = tuple(replace(table, local_bytes=8192) if table.name == "users" else table for table in cluster.tables)
    without_anchor = tuple(table for table in cluster.tables if table.name != ANCHOR)
    disabled = replace(cluster, anchor_trigger=None)

    def plan(cluster: Cluster) -> tuple[str, ...]:
        made = plan_distribution(after, cluster, shards=8, lock_timeout_ms=1)
        return (*(step for step in made.together if not step.startswith("SET")), *made.afterwards)

    assert plan(replace(cluster, tables=left_over)) == ("SELECT truncate_local_data_after_distributing_table('users')",)
    assert plan(replace(cluster, tables=without_anchor)) == (f"SELECT citus_add_local_table_to_metadata('{ANCHOR}')",)
    assert plan(disabled) == ("DROP TRIGGER two_phase ON outbox_events", CREATE_TRIGGER)


def test_a_table_of_a_later_release_is_distributed_alone(facts: SchemaFacts) -> None:
    after, cluster = distributed(facts)
    without = replace(cluster, tables=tuple(table for table in cluster.tables if table.name != "workflow_run_claims"))

    steps = plan_distribution(after, without, shards=8, lock_timeout_ms=1).together

    assert [step for step in steps if "create_" in step] == [
        "SELECT create_distributed_table('workflow_run_claims', 'run_id', colocate_with => 'workflow_runs')"
    ]
    assert [step.split(" CONSTRAINT")[0] for step in steps if "ALTER TABLE" in step] == [
        "ALTER TABLE workflow_run_claims DROP",
        "ALTER TABLE workflow_run_claims ADD",
    ]
    assert "workflow_run_claims is not distributed" in str(judge_placement(after, without)[0])


def test_undoing_puts_the_functions_of_the_release_back_and_leaves_no_helper(facts: SchemaFacts) -> None:
    after, cluster = distributed(facts)

    steps = plan_undoing(after, cluster, dict(facts.functions)).together

    assert sum("undistribute_table" in step for step in steps) == 1
    assert {step for step in steps if step.startswith("CREATE OR REPLACE")} == {body for _, body in facts.functions}
    assert steps[-3:] == (
        "DROP TABLE two_phase_anchor",
        "DROP FUNCTION commit_in_two_phases()",
        "DROP FUNCTION shard_beside(text,text,text)",
    )
    assert plan_undoing(facts, BARE, dict(facts.functions)).is_empty


def test_the_wait_grows_with_rows_and_shards(facts: SchemaFacts) -> None:
    many = replace(facts, rows=(("workflow_runs", 5_000_000),))

    waits = [
        plan_distribution(of, BARE, shards=n, lock_timeout_ms=1).blocking_s
        for of, n in ((facts, 8), (facts, 32), (many, 8))
    ]

    assert waits[0] < waits[1] < waits[2]
    assert "wait for about" in next(tell_plan(plan_distribution(many, BARE, shards=8, lock_timeout_ms=1)))


CHANGES = {
    "a worker": ({"group": 2}, "name the coordinator in FLOWFORGE_DB_URL: a:1"),
    "no anchor": ({"anchor_trigger": None}, "not committed together"),
    "an anchor that does something else": (
        {"anchor_trigger": CREATE_TRIGGER.replace("AFTER", "BEFORE")},
        "not committed",
    ),
    "a node that is gone": ({"nodes": (NODES[0], replace(NODES[1], is_active=False))}, "the node b:1 is not active"),
    "transactions without an end": ({"unfinished": 2}, "2 transactions were prepared"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_what_is_not_as_distribution_left_it_is_told(facts: SchemaFacts, change: dict[str, object], said: str) -> None:
    after, cluster = distributed(facts)

    [problem] = judge_placement(after, replace(cluster, **change))  # type: ignore[arg-type]
    assert said in str(problem)


def test_what_lies_elsewhere_and_functions_that_differ_are_told(facts: SchemaFacts) -> None:
    after, cluster = distributed(facts)
    elsewhere = {
        "workflow_runs": {"column": "workflow_id"},
        "run_step_logs": {"colocation": 9},
        "users": {"kind": Kind.LOCAL},
    }
    tables = tuple(replace(table, **elsewhere.get(table.name, {})) for table in cluster.tables)  # type: ignore[arg-type]
    outbox = SpreadTable("outbox_events", Kind.REFERENCE, None, 3, 0)

    told = judge_placement(replace(after, functions=facts.functions), replace(cluster, tables=(*tables, outbox)))

    assert {str(problem).split(" ")[0] for problem in told if ", and should be " in problem.seen} == {
        *elsewhere,
        "outbox_events",
    }
    assert sum("is not the one that works on shards" in problem.seen for problem in told) == len(facts.functions) + 1


def test_what_stands_in_the_way_is_refused_with_what_to_type(facts: SchemaFacts) -> None:
    alone = replace(BARE, nodes=())
    settings = [("a:1", True, "0 replica"), ("b:1", False, "connection refused")]

    told = [str(problem) for problem in obstacles(facts, alone, settings)]

    assert obstacles(facts, BARE, SETTINGS) == ()
    assert [line.split("; fix: ")[1].split(" ")[0] for line in told] == ["SELECT", "SELECT", "on", "on", "start"]
    assert "citus_set_coordinator_host" in told[0]
    assert "citus_add_node" in told[1]
    assert len(LAYOUT) > len(SPREAD)


def test_undoing_makes_no_function_of_a_later_revision(facts: SchemaFacts) -> None:
    after, cluster = distributed(facts)
    name = "keep_published_steps()"
    earlier = replace(after, functions=tuple(one for one in after.functions if one[0] != name))

    made, made_earlier = (
        [
            step
            for step in plan_undoing(one, cluster, dict(facts.functions)).together
            if step.startswith("CREATE OR") and name in step
        ]
        for one in (after, earlier)
    )

    assert len(made) == 1
    assert made_earlier == []
