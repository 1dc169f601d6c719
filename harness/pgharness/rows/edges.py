"""Values near the end of their types, and values as fine as their types can tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

# Near the end of a type, and beyond the next smaller one; one more still fits, as an UPDATE may add it. Each column has its own,
# so that what refers to a key by its name alone leads nowhere.
NEAR_THE_END = {"int2": 30_000, "int4": 2_000_000_000, "int8": 9_000_000_000_000_000_000}
LONG_TEXT = 300
# What is lost where a text is split in two, made lower case, or freed of blanks.
WORDS = "and THREE  more "
# What a coarser type rounds away: the last digit is the finest that a timestamp has.
FINE_TIME = "23:59:58.987654"
FINE = {
    "float8": "123.456789",  # real holds 123.45679
    "timestamp": f"2024-12-31 {FINE_TIME}",
    "timestamptz": f"2024-12-31 {FINE_TIME}+00",
    "time": FINE_TIME,
    "timetz": f"{FINE_TIME}+00",
    "inet": "10.1.2.3/24",
    "interval": "76:05:06",
}
DIGITS = "1234567891"


def edges_of(name: str, modifier: int, label: str, limit: int) -> Iterator[str]:
    """Yield one for types that have an end, such as a large number, a long text, a high UUID, and false; `limit` is that of a text.

    Of others that have a finest part, one that has it.
    """
    if name in NEAR_THE_END:
        yield str(NEAR_THE_END[name] - _own_number(label))
    elif name == "numeric" and modifier >= 4:
        yield _decimal("9", *_precision_and_scale(modifier))
    elif name in ("text", "varchar", "citext"):
        size = min(limit, LONG_TEXT)
        yield f"{label} {WORDS}".ljust(size, "x")[:size]
    elif name == "uuid":
        yield f"ffffffff-ffff-7fff-bfff-{0xFFFFFFFFFFFF - _own_number(label):012x}"
    elif name == "bool":
        yield "false"
    else:
        yield from finest_of(name, modifier, label, limit)


def finest_of(name: str, modifier: int, label: str, limit: int) -> Iterator[str]:
    """Yield one far from the end, with all that the type can tell apart, for types of which something else may keep a part."""
    if name == "numeric" and modifier < 4:
        yield "12.345678"
    elif name == "numeric":
        precision, scale = _precision_and_scale(modifier)
        yield _decimal("1", min(precision, max(scale, 0) + 1), scale)
    elif name in ("text", "varchar", "citext"):
        yield f"{label} {WORDS}"[:limit]
    elif name in FINE:
        yield FINE[name]


def _precision_and_scale(modifier: int) -> tuple[int, int]:
    """Read pg_attribute.atttypmod, which holds the scale in its lowest eleven bits, with a sign (numeric_in of PostgreSQL 15)."""
    return (modifier - 4) >> 16, ((modifier - 4 & 0x7FF) ^ 0x400) - 0x400


def _decimal(first: str, precision: int, scale: int) -> str:
    """Return a number of so many digits, of which none is zero behind the point, and else the first and the last."""
    if scale <= 0:
        return (first + "1".rjust(precision - 1, "0") if precision > 1 else first) + "0" * -scale
    decimals = (DIGITS * (scale // len(DIGITS) + 1))[:scale]
    if precision > scale:
        return f"{first}{'0' * (precision - scale - 1)}.{decimals}"
    return f"0.{'0' * (scale - precision)}{first}{DIGITS[1] * (precision - 1)}"


def _own_number(label: str) -> int:
    return crc32(label.encode()) % 1000
