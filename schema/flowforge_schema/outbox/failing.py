"""What becomes of an event that could not be delivered: it is tried again ever later, and in the end parked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.limits import SMALLINT_MAX
from flowforge_schema.outbox.claimed import Claim, proof
from flowforge_schema.outbox.statements import read_statement

logger = logging.getLogger(__name__)

# The `available_at` of a parked event. Not 'infinity', which Python's datetime cannot hold; a day is left for time zones.
PARKED_UNTIL: Final = datetime(9999, 12, 31, tzinfo=UTC)

_PARK_EXHAUSTED = read_statement("park_exhausted")
_MARK_FAILED = read_statement("mark_failed")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed event is tried again: after `first_delay`, doubled each time up to `longest_delay`.

    The failure of attempt number `max_attempts` parks it. There is no jitter: one relay sends what has become due one by
    one, so that nothing rushes.
    """

    max_attempts: int = 10
    first_delay: timedelta = timedelta(seconds=1)
    longest_delay: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        """Refuse what would be no policy."""
        # One attempt more is made when a relay ended without a word; see claim.sql.
        if not 1 <= self.max_attempts < SMALLINT_MAX:
            raise ValueError(f"max_attempts is {self.max_attempts}; give 1 to {SMALLINT_MAX - 1}")
        if not timedelta(0) <= self.first_delay <= self.longest_delay:
            raise ValueError(
                f"first_delay is {self.first_delay} and longest_delay {self.longest_delay}; give 0 ≤ first ≤ longest"
            )

    def delay_after(self, attempt: int) -> timedelta:
        """Return how long to wait after the failure of this attempt; the first is number 1."""
        # The exponent is bounded, because a timedelta overflows long before an integer does.
        return min(self.longest_delay, self.first_delay * (1 << min(attempt - 1, 20)))

    def parks(self, attempt: int) -> bool:
        """Whether the failure of this attempt is the last."""
        return attempt >= self.max_attempts


DEFAULT_POLICY: Final = RetryPolicy()


async def park_exhausted(session: AsyncSession, policy: RetryPolicy) -> None:
    """Park the events that relays claimed too often without ever reporting on them."""
    await session.execute(_PARK_EXHAUSTED, {"max_attempts": policy.max_attempts, "parked_until": PARKED_UNTIL})


async def park_unreadable(session: AsyncSession, claim: Claim, why: str) -> None:
    """Park a claimed event that cannot be read, and log its id and the reason."""
    logger.error("event %d is parked: %s", claim.id, why)
    error = f"Parked without having been sent: {why}."
    await session.execute(
        _MARK_FAILED, {**proof([claim]), "delay": timedelta(0), "parked_until": PARKED_UNTIL, "error": error}
    )
