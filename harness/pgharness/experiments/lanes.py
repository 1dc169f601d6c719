"""Does work along the chain on two roads at the same time, the first half of it on one and the second half on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pgharness.chain.server_objects import speaks_of_server
from pgharness.experiments.experiment import Site
from pgharness.experiments.road import Road, new_road

Item = TypeVar("Item")
Result = TypeVar("Result")

WORTH_IT = 6
"""From so many pieces of work on: the second road has to pass all revisions before its first piece."""


def on_roads(
    site: Site, rows_per_table: int, items: Sequence[Item], work: Callable[[Road, Item], Iterable[Result]]
) -> list[Result]:
    """Return what `work` gives for the items, in their order, which is that of the chain. Raises CannotRun where a road ends before."""
    half = len(items) // 2 if len(items) >= WORTH_IT and not speaks_of_server(site.project) else 0
    parts = [part for part in (items[:half], items[half:]) if part]

    def along(part: Sequence[Item]) -> list[Result]:
        with new_road(site, rows_per_table) as road:
            return [result for item in part for result in work(road, item)]

    with ThreadPoolExecutor(max(1, len(parts))) as executor:
        return [result for results in executor.map(along, parts) for result in results]
