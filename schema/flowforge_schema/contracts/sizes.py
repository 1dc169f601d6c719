"""How many bytes PostgreSQL takes for a jsonb or text[] value, told without a server; and what it cannot take at all.

The size is `pg_column_size` of a value that has just been parsed, which is what the CHECKs of the columns measure. It follows
the format on disk (src/include/utils/jsonb.h, numeric.h and array.h), which no release can change without breaking
pg_upgrade; a test compares it with the server.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from flowforge_schema.storable import NotStorableError, check_number, deeper, encoded

# A numeric: a header, and two bytes for each group of four decimal digits. The header is the longer one for a number of
# more than 64 groups before the point or of more than 63 digits after it.
NUMERIC_HEADER_SIZE_BYTES: Final = 6
NUMERIC_LONG_HEADER_SIZE_BYTES: Final = 8
NUMERIC_SHORT_GROUPS_MAX: Final = 64
NUMERIC_SHORT_SCALE_MAX: Final = 63

# A datum begins with its length in four bytes. An array has six words before its first element, an empty one four.
LENGTH_SIZE_BYTES: Final = 4
ARRAY_HEADER_SIZE_BYTES: Final = 24
EMPTY_ARRAY_SIZE_BYTES: Final = 16


def jsonb_size_bytes(document: dict[str, Any]) -> int:
    """Return the bytes of an object in a jsonb column; raises `NotStorableError` for what cannot be stored and read again.

    Refused are NUL characters and lone surrogates in keys and texts, NaN and the infinities, numbers beyond the range of a
    double (few readers of JSON have a wider type), nesting beyond `storable.JSON_DEPTH_MAX`, and what is not JSON.
    """
    return _end_of_value(document, LENGTH_SIZE_BYTES, 0)


def text_array_size_bytes(texts: Iterable[str]) -> int:
    """Return the bytes of a list in a text[] column; raises `NotStorableError` as `jsonb_size_bytes` does."""
    sizes = [_aligned(LENGTH_SIZE_BYTES + len(encoded(text))) for text in texts]
    return ARRAY_HEADER_SIZE_BYTES + sum(sizes) if sizes else EMPTY_ARRAY_SIZE_BYTES


def _end_of_value(value: Any, start: int, depth: int) -> int:
    """Return the place where a value ends whose predecessor ended at `start`."""
    match value:
        case None | bool():
            return start  # the container's header says it all
        case str():
            return start + len(encoded(value))
        case int() | float():
            return _aligned(start) + _numeric_size_bytes(value)
        case dict():
            return _end_of_object(value, start, deeper(depth))
        case list():
            return _end_of_array(value, start, deeper(depth))
    raise NotStorableError(f"{type(value).__name__} is no type of JSON")


def _end_of_object(value: dict[Any, Any], start: int, depth: int) -> int:
    """Lay out a header, two words for each pair, all the keys, then all the values in the order of the keys."""
    if not all(isinstance(key, str) for key in value):
        raise NotStorableError("the keys of an object are texts")
    pairs = [(encoded(key), element) for key, element in value.items()]
    # PostgreSQL's order of keys; it decides how many bytes alignment takes.
    pairs.sort(key=lambda pair: (len(pair[0]), pair[0]))
    end = _aligned(start) + 4 + 8 * len(pairs) + sum(len(key) for key, _ in pairs)
    for _, element in pairs:
        end = _end_of_value(element, end, depth)
    return end


def _end_of_array(value: list[Any], start: int, depth: int) -> int:
    """Lay out a header, a word for each element, then the elements."""
    end = _aligned(start) + 4 + 4 * len(value)
    for element in value:
        end = _end_of_value(element, end, depth)
    return end


def _numeric_size_bytes(number: float) -> int:
    """Return the bytes of a number with the digits that Python's json writes for it."""
    check_number(number)
    _, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)  # the number is finite
    significant = len("".join(map(str, digits)).rstrip("0"))
    if not significant:
        return NUMERIC_HEADER_SIZE_BYTES
    first_group = (exponent + len(digits) - 1) // 4
    last_group = (exponent + len(digits) - significant) // 4
    is_short = first_group < NUMERIC_SHORT_GROUPS_MAX and -exponent <= NUMERIC_SHORT_SCALE_MAX
    header = NUMERIC_HEADER_SIZE_BYTES if is_short else NUMERIC_LONG_HEADER_SIZE_BYTES
    return header + 2 * (first_group - last_group + 1)


def _aligned(place: int) -> int:
    return -(-place // 4) * 4
