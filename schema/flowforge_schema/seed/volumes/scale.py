"""How large a volume is to be, and the constants from which its rows follow."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

YEAR: Final = timedelta(days=365)
# A run every ten seconds on average: a million runs are 116 days, ten million three years.
RUN_INTERVAL: Final = timedelta(seconds=10)
# A run older than this was started from the version before the present one, and so on back to the first.
VERSION_LIFE: Final = timedelta(days=60)
# People come in the first year, workflows in the second, so that every run is younger than what it refers to.
COMPANY_AGE: Final = 7 * YEAR
RUNS_MAX: Final = (COMPANY_AGE - 2 * YEAR) // RUN_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many rows to make; each run has about three and a half logs and one event, each workflow about six steps.

    The same number of users and workflows serves volumes of all sizes, so that a volume can grow. Raises ValueError for
    numbers that make no sense.
    """

    runs: int
    workflows: int = 1_000
    users: int = 250

    def __post_init__(self) -> None:
        most = {"runs": RUNS_MAX, "workflows": 999_999, "users": 100_000}
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "runs" else 1
            if not least <= value <= most[field.name]:
                raise ValueError(f"{field.name} is {value:,}, and must lie between {least:,} and {most[field.name]:,}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `runs=1000000` or `runs=1000000,workflows=5000,users=500`. Raises ValueError."""
        known = [field.name for field in fields(cls)]
        pairs = dict(part.partition("=")[::2] for part in text.split(","))
        if (
            "runs" not in pairs
            or not pairs.keys() <= set(known)
            or not "".join(pairs.values()).replace("_", "").isdigit()
        ):
            raise ValueError(f"{text!r} is no scale; write runs=1000000, and if you like ,workflows=5000,users=500")
        return cls(**{name: int(number) for name, number in pairs.items()})

    @property
    def people(self) -> dict[str, int]:
        """Return what cannot change once a volume has been begun."""
        return {"workflows": self.workflows, "users": self.users}


@dataclass(frozen=True, slots=True)
class Plan:
    """A scale and the moment to which its rows lead up: all that the statements need to know."""

    scale: Scale
    anchor: datetime

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the statements' parameters; times are microseconds, which the server reckons with fastest."""
        return {
            "users": self.scale.users,
            "workflows": self.scale.workflows,
            "runs": self.scale.runs,
            "anchor_us": microseconds(self.anchor - datetime(1970, 1, 1, tzinfo=UTC)),
            "founded_us": microseconds(self.anchor - COMPANY_AGE - datetime(1970, 1, 1, tzinfo=UTC)),
            "year_us": microseconds(YEAR),
            "interval_us": microseconds(RUN_INTERVAL),
            "version_life_us": microseconds(VERSION_LIFE),
        }


def microseconds(duration: timedelta) -> int:
    """Return a duration in microseconds, without the rounding of a float."""
    return duration // timedelta(microseconds=1)
