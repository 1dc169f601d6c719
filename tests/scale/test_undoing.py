"""The chain runs down and up on a distributed database, and all becomes plain again."""

from __future__ import annotations

import time
from collections.abc import Callable

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
