"""The trailing floor: an id below which a claim need not look, so that it does not step over dead rows.

Each published event leaves a dead entry at the front of the index on unpublished events. Vacuum removes them, but not while any
old transaction is open, and a claim would read them all. `id > floor` skips them. A floor must never pass an id that a
transaction still open may commit, so it is moved in two looks:

1. Note the highest id that can be seen, and then which transactions hold the lock on the table that every INSERT takes
   before it draws an id. Whoever has drawn an id up to the noted one is among them, or is over.
2. Once all of these are over, every event up to the noted id is there for all to see, or never will be. Those that are
   still unpublished are remembered one by one, and the floor goes to the noted id.

Of events that wait behind a parked one, however many, the parked one alone is remembered, as stuck: none of the others may go out before
it. A claim looks whether all that are stuck still are, and otherwise begins just below.

Transaction ids would not do: a transaction may draw from the sequence before it gets one. A transaction that records nothing, however
long it runs, does not hold the floor back; one that does, does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.outbox.failing import PARKED_UNTIL
from flowforge_schema.outbox.statements import read_statement

# A claim steps over the dead entries of about this long, and three short queries are what it costs to move the floor.
ADVANCE_EVERY_S = 0.5
# What no look at the locks can know (a restored backup, TRUNCATE … RESTART IDENTITY, a failover that lost ids) delays events
# until then, and loses none.
START_OVER_EVERY_S = 600.0
# Unpublished events below the floor; with more, the floor stays behind. Each is one probe of the index in each claim.
BEHIND_MAX = 1000
# So many events wait behind one that is held back for a while (put off, leased) before they are left out like those behind a parked one:
# the floor falls back when the while is over.
CROWD = 100
# Unpublished events that one move looks through: a fraction of a second.
READ_MAX = 200_000

# Rows of our own transaction may yet be rolled back, and an old snapshot does not show what has been committed since.
_HIGHEST = text("""
SELECT max(id) FROM outbox_events
WHERE pg_current_xact_id_if_assigned() IS NULL AND current_setting('transaction_isolation') = 'read committed'
""")
_WRITERS = text("""
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = CAST('outbox_events' AS regclass) AND mode = 'RowExclusiveLock' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_MOVE = read_statement("move_floor").columns(
    released_id=BigInteger, last_id=BigInteger, id=BigInteger, is_stuck=Boolean
)


@dataclass(slots=True)
class _Look:
    """The highest id at one moment, and the transactions that may still add events below it."""

    highest: int
    writers: set[str]


class TrailingFloor:
    """Where a relay's claims begin: every unpublished event, now and later, is above `id`, among `behind`, or waits behind a `stuck` one.

    One for each relay, in memory, for the life of the process.
    """

    def __init__(
        self,
        *,
        advance_every_s: float = ADVANCE_EVERY_S,
        start_over_every_s: float = START_OVER_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = 0
        self.behind: tuple[int, ...] = ()
        self.stuck: tuple[int, ...] = ()
        self._advance_every_s = advance_every_s
        self._start_over_every_s = start_over_every_s
        self._clock = clock
        self._look: _Look | None = None
        self._advanced_at = self._started_at = clock()

    async def advance_if_due(self, session: AsyncSession) -> None:
        """Move the floor when it is time; up to three short queries, before anything is written in the transaction."""
        now = self._clock()
        if now - self._started_at >= self._start_over_every_s:
            self.id, self.behind, self.stuck, self._look = 0, (), (), None
            self._started_at = now
        if now - self._advanced_at >= self._advance_every_s:
            await self.advance(session)
            self._advanced_at = now

    async def advance(self, session: AsyncSession) -> None:
        """Look; and move to where the look before this one stood, if all transactions that were open then are over."""
        # In this order: who draws an id after the first query is above it, who drew one before is seen by the second.
        highest = (await session.execute(_HIGHEST)).scalar()
        if highest is None:
            return
        writers = set((await session.execute(_WRITERS)).scalars())
        if self._look is not None:
            self._look.writers &= writers
            if self._look.writers or any(_is_prepared(writer) for writer in writers):
                return
            if not await self._move_to(self._look.highest, session):
                return
        self._look = _Look(highest, writers)

    async def _move_to(self, settled: int, session: AsyncSession) -> bool:
        """Move; whether there is nothing left to look through up to there."""
        rows = (await session.execute(_MOVE, self._parameters(settled))).all()
        released_id, last_id = rows[0][:2]
        if released_id is not None:
            self._fall_back_to(released_id - 1)
            return True
        remembered = [(row.id, row.is_stuck) for row in rows if row.id is not None]
        is_full = len(remembered) > BEHIND_MAX
        del remembered[BEHIND_MAX:]
        self.behind = tuple(event_id for event_id, _ in remembered)
        self.stuck = tuple(event_id for event_id, is_stuck in remembered if is_stuck)
        self.id = max(self.id, self.behind[-1] if is_full else last_id or settled)
        return is_full or last_id is None

    def _parameters(self, settled: int) -> dict[str, Any]:
        return {
            "behind": list(self.behind),
            "stuck": list(self.stuck),
            "floor": self.id,
            "settled": settled,
            "read_max": READ_MAX,
            "crowd": CROWD,
            "parked_until": PARKED_UNTIL,
            "limit": BEHIND_MAX + 1,
        }

    def _fall_back_to(self, event_id: int) -> None:
        self.id = min(self.id, event_id)
        self.behind = tuple(one for one in self.behind if one <= self.id)
        self.stuck = tuple(one for one in self.stuck if one <= self.id)


def _is_prepared(writer: str) -> bool:
    """Whether this transaction was prepared (PREPARE TRANSACTION), which gave it another name than it had before."""
    return writer.startswith("-1/")
