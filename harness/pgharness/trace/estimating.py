"""How long a statement's work takes at production's size: its work as the trace has it, times what a row and a byte cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgharness.profile import TableSize
from pgharness.records.sizes import Kind, SizesRecord
from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work

_LOOKS_THROUGH = {"rewrites", "verifies", "validates", "builds", "writes", "moves"}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What work comes to: `rows` are those of the largest table that it is done on, `unknown` the tables of which nothing is known.

    `is_small` where each of its tables is known to be small.
    """

    seconds: float
    wal_bytes: float
    rows: int
    is_small: bool
    unknown: tuple[str, ...] = ()


def estimate_under(lock: HeldLock, trace: Trace, place: int, sizes: SizesRecord) -> Estimate:
    """Return what is done while a lock is held: from the statement that took it to the end of its transaction.

    `place` is that of the statement that works; one that is a transaction by itself is all there is.
    """
    own = trace.statements[place]
    held = [own] if own.transaction is None else _of_transaction(trace, own.transaction, lock.taken_by)
    return estimate(held, sizes)


def estimate(statements: Iterable[TracedStatement], sizes: SizesRecord) -> Estimate:
    """Return what the work of some statements comes to together."""
    seconds = wal_bytes = 0.0
    tables, unknown = dict[str, TableSize](), dict[str, None]()
    for traced in statements:
        for work in _counting(traced.works):
            table = sizes.profile.table(work.relation)
            if table is None or table.rows is None:
                unknown[work.relation] = None
            if table is None:
                continue
            tables[table.name] = table
            took, wrote = _cost(work, traced.works, table, sizes)
            seconds, wal_bytes = seconds + took, wal_bytes + wrote
    rows = max((rows_of(one) for one in tables.values()), default=0)
    is_small = not unknown and bool(tables) and rows < sizes.small_table_rows
    return Estimate(seconds, wal_bytes, rows, is_small, tuple(unknown))


def rows_of(table: TableSize) -> int:
    """Return a table's rows; where nobody has analyzed it, as many as its bytes hold at a hundred bytes a row."""
    return table.rows if table.rows is not None else table.bytes // 100


def _of_transaction(trace: Trace, transaction: int, first: int) -> list[TracedStatement]:
    return [one for one in trace.statements[first:] if one.transaction == transaction]


def _counting(works: Sequence[Work]) -> list[Work]:
    """Leave out what another work says already: rows read for it; and a table looked through for several constraints at once."""
    heavier = {work.relation for work in works if work.doing in _LOOKS_THROUGH}
    rewritten = {work.relation for work in works if work.doing == "rewrites"}
    found: dict[tuple[str, str, str], Work] = {}
    for work in works:
        if work.is_looked_up or (work.doing == "reads" and work.relation in heavier):
            continue
        if work.doing == "verifies" and work.relation in rewritten:
            continue
        name = work.name if work.doing in {"builds", "validates"} else ""
        found.setdefault((work.doing, work.relation, name), work)
    return list(found.values())


def _cost(work: Work, works: Sequence[Work], table: TableSize, sizes: SizesRecord) -> tuple[float, float]:
    rows, size = rows_of(table), table.bytes + table.toast_bytes
    match work.doing:
        case "builds":
            return _build(work, table, sizes)
        case "writes":
            return _writes(work, works, table, sizes)
        case "moves":
            return sizes.costs["rewrites"].of(0, size)
        case "rewrites":
            return sizes.costs["rewrites"].of(rows, size)
        case _:
            kind: Kind = "validates" if work.doing == "validates" else "verifies"
            return sizes.costs[kind].of(rows, table.bytes)


def _build(work: Work, table: TableSize, sizes: SizesRecord) -> tuple[float, float]:
    """Return what it costs to build an index: one that production has by its size, a new one as the mean of number and text."""
    rows = rows_of(table)
    (number_s, number_wal), (text_s, text_wal) = (
        sizes.costs[kind].of(rows, table.bytes) for kind in ("builds a number", "builds a text")
    )
    size = next((one.bytes for one in sizes.profile.indexes_of(table.name) if _is_called(one.name, work.name)), None)
    if size is None or not text_wal > number_wal:
        return math.sqrt(number_s * text_s) * _sorting(rows, sizes), math.sqrt(number_wal * text_wal)
    share = min(max((size - number_wal) / (text_wal - number_wal), 0.0), 1.0)  # all of an index is written to WAL
    return (number_s + share * (text_s - number_s)) * _sorting(rows, sizes), size


def _is_called(qualified: str, name: str) -> bool:
    return qualified.rpartition(".")[2].strip('"') == name


def _sorting(rows: int, sizes: SizesRecord) -> float:
    """Return by how much more a row costs to sort among so many than among those that were measured."""
    return math.log(max(rows, 2)) / math.log(max(sizes.measured_rows, 2))


def _writes(work: Work, works: Sequence[Work], table: TableSize, sizes: SizesRecord) -> tuple[float, float]:
    """Return what it costs to write the part of the rows that was written here, and their entries in each index."""
    share, source = _share(work, works, table, sizes)
    indexes = len(sizes.profile.indexes_of(table.name))
    rows = share * source
    size = table.bytes * rows / max(rows_of(table), 1)
    took, wrote = sizes.costs["writes"].of(rows, size)
    more_s, more_wal = sizes.costs["writes an index"].of(rows, size)
    return took + indexes * more_s, wrote + indexes * more_wal


def _share(work: Work, works: Sequence[Work], table: TableSize, sizes: SizesRecord) -> tuple[float, int]:
    """Return which part of which rows is written: of those of the table itself that were read, else of those of the tables that were."""
    read = {one.relation: one.rows for one in works if one.doing == "reads" and one.rows and not one.is_looked_up}
    if work.relation in read:
        return min(work.rows / read[work.relation], 1.0), rows_of(table)
    others = [sizes.profile.table(name) for name in read]
    largest = max((rows_of(one) for one in others if one is not None), default=0)
    return (min(work.rows / max(read.values()), 1.0), largest) if read else (0.0, 0)


def in_words(one: Estimate, sizes: SizesRecord) -> str:
    """Return `about 40 s (12.4 M rows, 1.2 GB of WAL)`."""
    wal = f", {bytes_in_words(one.wal_bytes)} of WAL" if one.wal_bytes >= 2**20 else ""
    beside = f"; how many rows is not known of {', '.join(one.unknown)}" if one.unknown else ""
    return f"about {seconds_in_words(one.seconds)} ({rows_in_words(one.rows)} rows{wal}{beside}), by {sizes.measured_rows:,} rows measured on this server"


def seconds_in_words(seconds: float) -> str:
    """Return a time with as many digits as an estimate deserves."""
    for limit, unit, size in ((1.0, "ms", 0.001), (120.0, "s", 1.0), (7_200.0, "min", 60.0), (math.inf, "h", 3_600.0)):
        if seconds < limit:
            return f"{max(_two_digits(seconds / size), 1):g} {unit}"
    raise AssertionError("infinity is more than any time")


def rows_in_words(rows: int) -> str:
    """Return `12.4 M`, `830 k`, `4,200`."""
    if rows >= 1_000_000:
        return f"{rows / 1e6:.1f} M"
    return f"{rows / 1e3:.0f} k" if rows >= 10_000 else f"{rows:,}"


def bytes_in_words(size: float) -> str:
    """Return `1.2 GB`, `340 MB`."""
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
