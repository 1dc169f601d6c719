"""A distributed database is upgraded, taken back to plain tables, and goes down to the base."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from flowforge_schema import DatabaseSettings, migrate
from flowforge_schema.distribute import distribute, undistribute


def test_plain_tables_are_as_the_release_has_them_and_can_be_distributed_again(
    spread: DatabaseSettings, script: Connection, figure: Callable[[str], None]
) -> None:
    before = script.execute(text("SELECT count(*) FROM workflow_runs")).scalar_one()

    started = time.perf_counter()
    assert undistribute(spread).is_done
    undone_s = time.perf_counter() - started
    assert migrate.check(spread) == ()
    assert script.execute(text("SELECT count(*) FROM workflow_runs")).scalar_one() == before
    assert not undistribute(spread).is_done
    started = time.perf_counter()
    assert distribute(spread).is_done

    figure(f"undone in {undone_s:.1f} s, done again in {time.perf_counter() - started:.1f} s")
    assert migrate.check(spread) == ()
    assert script.execute(text("SELECT count(*) FROM workflow_runs")).scalar_one() == before


def test_a_distributed_database_goes_back_and_up_again(spread: DatabaseSettings) -> None:
    at = migrate.downgrade(spread, "0025_keep_published").revision
    assert at == "0025_keep_published"
    migrate.upgrade(spread)
    assert migrate.check(spread) == ()


def test_where_the_engine_knows_no_way_back_undistributing_is_named_and_leads_on(spread: DatabaseSettings) -> None:
    with pytest.raises(
        migrate.MigrationError, match=r"fix: flowforge-schema undistribute, then .* downgrade base again"
    ):
        migrate.downgrade(spread, "base")

    assert undistribute(spread).is_done
    migrate.upgrade(spread)
    assert distribute(spread).is_done
    assert migrate.check(spread) == ()
