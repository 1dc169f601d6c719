"""How far delivery is behind."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Double
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.outbox.failing import PARKED_UNTIL
from flowforge_schema.outbox.statements import read_statement

_LAG = read_statement("lag").columns(unpublished=BigInteger, oldest_age_s=Double, parked=BigInteger, blocked=BigInteger)


@dataclass(frozen=True, slots=True)
class OutboxLag:
    """The state of the outbox in four numbers; each is worth an alarm of its own.

    `unpublished` counts all that has not been delivered, `parked` those that were given up on, `blocked` those that wait
    behind a parked one. `oldest_age_s` is the age of the oldest event that is neither: it grows when relays are down or too
    slow, and is None when there is no such event.
    """

    unpublished: int
    oldest_age_s: float | None
    parked: int
    blocked: int


async def outbox_lag(session: AsyncSession) -> OutboxLag:
    """Measure how far delivery is behind; reads every unpublished event, so ask a few times a minute."""
    result = await session.execute(_LAG, {"parked_until": PARKED_UNTIL})
    return OutboxLag(*result.one())
