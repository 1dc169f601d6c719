"""Values near the end of their types."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

# Near the end of a type, and beyond the next smaller one; one more still fits, as an UPDATE may add it. Each column has its own,
# so that what refers to a key by its name alone leads nowhere.
NEAR_THE_END = {"int2": 30_000, "int4": 2_000_000_000, "int8": 9_000_000_000_000_000_000}
LONG_TEXT = 300


def edges_of(name: str, modifier: int, label: str, limit: int) -> Iterator[str]:
    """Yield one for types that have an end: a large number, a long text, a high UUID, false; `limit` is that of a text."""
    if name in NEAR_THE_END:
        yield str(NEAR_THE_END[name] - _own_number(label))
    elif name == "numeric" and modifier >= 4:
        precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
        yield "9" + "0" * (precision - scale - 1) if precision > scale else f"0.9{'0' * (scale - 1)}"
    elif name in ("text", "varchar", "citext"):
        size = min(limit, LONG_TEXT)
        yield f"{label} ".ljust(size, "x")[:size]
    elif name == "uuid":
        yield f"ffffffff-ffff-7fff-bfff-{0xFFFFFFFFFFFF - _own_number(label):012x}"
    elif name == "bool":
        yield "false"


def _own_number(label: str) -> int:
    return crc32(label.encode()) % 1000
