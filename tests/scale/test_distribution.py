"""The tables lie where they should, and stay as they are when the command runs again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from flowforge_schema import DatabaseSettings, migrate
from flowforge_schema.distribute import distribute
from flowforge_schema.placement import LAYOUT, Kind, read_cluster

BREAKS = (
    "ALTER TABLE outbox_events DISABLE TRIGGER two_phase",
    "DROP TRIGGER two_phase ON outbox_events",
    "CREATE OR REPLACE FUNCTION commit_in_two_phases() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
)


def test_every_table_is_in_its_place_and_a_second_call_finds_nothing_to_do(
    spread: DatabaseSettings, script: Connection, figure: Callable[[str], None]
) -> None:
    cluster = read_cluster(script)

    assert migrate.check(spread) == ()
    assert not distribute(spread).is_done
    for place in LAYOUT:
        table = cluster.table(place.table)
        if place.kind is Kind.LOCAL:
            assert table is None
        else:
            assert table is not None
            assert (table.kind, table.column, table.local_bytes) == (place.kind, place.column, 0)
    figure(f"{len([node for node in cluster.nodes if node.holds_shards])} nodes hold shards")


def test_what_is_broken_is_told_and_mended_by_the_same_command(spread: DatabaseSettings, script: Connection) -> None:
    for broken in BREAKS:
        script.execute(text(broken))

        [problem] = migrate.check(spread)
        assert problem.endswith("fix: flowforge-schema distribute")
        assert distribute(spread).is_done
        assert migrate.check(spread) == ()


def test_a_local_table_that_refers_to_runs_is_told(spread: DatabaseSettings, script: Connection) -> None:
    script.execute(
        text("CREATE TABLE mine (run_id uuid CONSTRAINT fk_mine REFERENCES workflow_runs ON DELETE CASCADE)")
    )
    try:
        [problem] = migrate.check(spread)
    finally:
        script.execute(text("DROP TABLE mine"))

    assert problem.startswith("fk_mine of mine refers to workflow_runs")


def test_the_copies_of_reference_tables_are_alike_on_all_nodes(script: Connection) -> None:
    owner = script.scalar(text("INSERT INTO users (email) VALUES ('copies@example.org') RETURNING id"))
    workflow = script.scalar(
        text("INSERT INTO workflows (owner_id, name) VALUES (:owner, 'copies') RETURNING id"), {"owner": owner}
    )
    script.execute(text("UPDATE workflows SET version = 2 WHERE id = :id"), {"id": workflow})
    script.execute(text("UPDATE users SET display_name = 'x' WHERE id = :id"), {"id": owner})
    for table in (place.table for place in LAYOUT if place.kind is Kind.REFERENCE):
        digest = f"SELECT md5(string_agg(row::text, ';' ORDER BY row::text)) FROM {table} AS row"
        answers = script.execute(
            text("SELECT success, result FROM run_command_on_all_nodes(:digest)"), {"digest": digest}
        ).all()

        assert len({answer.result for answer in answers}) == 1, table
        assert all(answer.success for answer in answers)
    script.execute(text("DELETE FROM workflows WHERE id = :id"), {"id": workflow})
