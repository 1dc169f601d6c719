"""Whether a wait of traffic grows with the rows: the same statement's longest waits on many rows and on fewer, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.records.traffic import RevisionTraffic, Waited
from pgharness.trace.estimating import rows_in_words, seconds_in_words

# Two runs of the same differ by so much: who looks on asks a hundred times a second, and one of the two may meet a checkpoint.
NOISE_S = 0.05
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Slope:
    """One wait on two sizes of the largest table; `fewer_s` is 0 where nobody was seen to wait on the smaller."""

    fewer_rows: int
    fewer_s: float
    rows: int
    waited_s: float

    @property
    def grows(self) -> bool:
        """Whether more than half of it is due to the rows that are more: work under a lock, where one for an instant stays what it is."""
        return self.waited_s - self.fewer_s > max(NOISE_S, self.waited_s / 2)

    @property
    def per_million_s(self) -> float:
        """How much longer each million of rows makes it."""
        return (self.waited_s - self.fewer_s) / (self.rows - self.fewer_rows) * MILLION

    @property
    def in_words(self) -> str:
        """A sentence that tells the other wait, and what the two say."""
        on_fewer = f"On {rows_in_words(self.fewer_rows)} rows "
        on_fewer += f"it was {seconds_in_words(self.fewer_s)}" if self.fewer_s else "nobody waited for it"
        if self.grows:
            return (
                f"{on_fewer}: it grows with the rows, by {seconds_in_words(self.per_million_s)} for each million more."
            )
        return f"{on_fewer}: it does not grow with the rows."


def slope_of(one: RevisionTraffic, wait: Waited) -> Slope | None:
    """Return how a wait of a revision grows; None where it was not run on fewer rows to its end."""
    fewer = one.fewer
    if fewer is None or fewer.failure is not None:
        return None
    many, few = max(one.rows.values(), default=0), max(fewer.rows.values(), default=0)
    if few >= many:
        return None
    # By what waited, not by what it waited for: of a lock over several statements another one takes longest where there are few rows.
    there = [seen.waited_s for seen in fewer.load.waits if (seen.act, seen.sql) == (wait.act, wait.sql)]
    return Slope(few, max(there, default=0.0), many, wait.waited_s)
