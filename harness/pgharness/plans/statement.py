"""A statement that an application sends, with typical parameters and with what its plan is expected to be."""

from __future__ import annotations

from dataclasses import dataclass, field

Parameters = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is asked of every plan of a statement; the defaults ask for an index and for no wasted work.

    `indexes` are names that must occur, without their schema. `sequential_scan` and `sort` are reasons for which one is allowed, else empty.
    `read_per_row` bounds the rows read for each row given (None: no bound). `buffers` bounds the pages touched.
    `generic_ratio` bounds the generic plan's pages by those of the plan for the very parameters.
    """

    indexes: tuple[str, ...] = ()
    sequential_scan: str = ""
    sort: str = ""
    read_per_row: float | None = 4.0
    buffers: int | None = None
    generic_ratio: float = 2.0


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in PostgreSQL's own words: parameters are `$1`, `$2`; each of `samples` gives them all."""

    name: str
    sql: str
    samples: tuple[Parameters, ...] = ((),)
    expectation: Expectation = field(default_factory=Expectation)
