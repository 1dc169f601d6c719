"""When an event that could not be delivered is tried again, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flowforge_schema.limits import SMALLINT_MAX


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed event is tried again: after `first_delay`, doubled each time up to `longest_delay`.

    The failure of attempt number `max_attempts` parks it. Every claim is an attempt, also one whose relay ended before it had sent the
    event or could report. There is no jitter: one relay sends what has become due one by one, so that nothing rushes.
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
