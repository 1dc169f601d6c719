"""The runs that a worker has read and not yet tried: shuffled, so that workers rarely want the same, and those of one place together.

A place is where rows lie on one server in one table. Over shards, runs of one place are taken by one server, and committed there alone;
runs of many are prepared on each of them first. On one PostgreSQL all runs have the same place.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, cast, column, func

# Each shard is a table of its own; servers may have given theirs the same number, but hardly began in the same microsecond.
PLACE: Final = (cast(column("tableoid"), BigInteger), func.pg_postmaster_start_time())


class Candidates:
    """Ids of runs, in the order in which they are to be tried."""

    def __init__(self) -> None:
        self._places: list[list[UUID]] = []

    def __bool__(self) -> bool:
        return bool(self._places)

    def replace(self, rows: Iterable[Sequence[Any]]) -> None:
        """Hold these instead: rows of an id, and what `PLACE` gives beside it."""
        of_place: defaultdict[Hashable, list[UUID]] = defaultdict(list)
        for run_id, *place in rows:
            of_place[tuple(place)].append(run_id)
        self._places = [random.sample(run_ids, len(run_ids)) for run_ids in of_place.values()]
        random.shuffle(self._places)

    def take(self, limit: int) -> list[UUID]:
        """Take the next ones out, up to `limit`, all of one place."""
        if not self._places:
            return []
        place = self._places.pop()
        if place[limit:]:
            self._places.append(place[limit:])
        return place[:limit]

    def clear(self) -> None:
        """Forget them: most have been taken by others meanwhile."""
        self._places = []
