"""What readers and writers met while a revision ran: how long they waited and for which statement, errors, and the queue behind a long reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgharness.records.steps import Failure

ENDED = {"40P01", "55P03", "57014", "40001"}
"""What a server does to a statement that waits too long, or for whom it waits."""

GIVEN = "sends"
"""What a session does that sends a statement of a file; its `relation` is the statement's name."""


def in_words(act: str, relation: str) -> str:
    """Return what a session does: `reads a row of public.orders`, `sends orders_by_day`."""
    return f"{act} {relation}" if act == GIVEN else f"{act} of {relation}"


@dataclass(frozen=True, slots=True)
class Waited:
    """The longest wait of one statement of the traffic for one `culprit`, the statement that the migration ran then; `sql` is the statement's."""

    act: str
    relation: str
    sql: str
    waited_s: float
    culprit: str


@dataclass(frozen=True, slots=True)
class TrafficError:
    """A statement of the traffic that failed: ended by a deadlock or a limit, or an INSERT refused that was taken before."""

    act: str
    relation: str
    sql: str
    sqlstate: str
    message: str

    @property
    def is_refused(self) -> bool:
        """Whether it was refused for what it says."""
        return self.sqlstate not in ENDED


@dataclass(frozen=True, slots=True)
class Load:
    """What the traffic came to: how many statements were sent, the waits for the migration, longest first, and the errors."""

    sent: int
    waits: tuple[Waited, ...] = ()
    errors: tuple[TrafficError, ...] = ()

    @property
    def longest(self) -> Waited | None:
        """The longest wait."""
        return self.waits[0] if self.waits else None


@dataclass(frozen=True, slots=True)
class Queue:
    """A revision run behind a transaction that had read its tables and did nothing more, for `held_s`.

    `went_on` where the migration still waited when that ended. `gave_up` is why it ended before. `retry` is why it fails when it is run again
    afterwards, and `invalid` are the indexes that are there then, and cannot be used.
    """

    held_s: float
    went_on: bool
    gave_up: Failure | None
    load: Load
    retry: Failure | None = None
    invalid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnFewerRows:
    """The same revision once more under the same traffic, on a part of the `rows`, so that one sees which waits grow with them."""

    rows: Mapping[str, int]
    load: Load
    duration_s: float = 0.0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class RevisionTraffic:
    """One revision under traffic: `rows` are those of the tables that it touches, `few` the tables that could not be filled, with the reason."""

    revision: str
    rows: Mapping[str, int] = field(default_factory=dict)
    few: tuple[tuple[str, str], ...] = ()
    load: Load = field(default_factory=lambda: Load(0))
    failure: Failure | None = None
    duration_s: float = 0.0
    queue: Queue | None = None
    fewer: OnFewerRows | None = None
    """None where nobody waited, so that there is nothing to compare."""
    untried: str = ""
    """Why it could not be run at all, where it could not."""


@dataclass(frozen=True, slots=True)
class TrafficRecord:
    """The revisions that were tried, how many rows were asked for, and how long a statement may wait."""

    revisions: tuple[RevisionTraffic, ...]
    rows: int
    wait_ms: int
