"""What a value must be to be stored and read again: texts, numbers, moments and JSON documents.

PostgreSQL takes some values that Python cannot read back, and Python has some that PostgreSQL has no place for. Each refusal says
why, and never quotes the value.
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_jsonable_python

# As deep as a document may nest; the outermost object is level 1. PostgreSQL would take some thousands of levels and
# Python's json about a thousand, but pydantic writes no more than about 250: what is stored must be readable.
JSON_DEPTH_MAX: Final = 100


class NotStorableError(ValueError):
    """A value that a column cannot hold, or from which it could not be read; `args` say why and never quote it.

    `value` is the very object that was refused, so that the field which held it can be found; None where it is a part of one.
    """

    def __init__(self, why: str, value: object = None) -> None:
        super().__init__(why)
        self.value = value


def encoded(text: str) -> bytes:
    """Return a text in UTF-8; refuse what that or PostgreSQL's text has no place for."""
    if "\0" in text:
        raise NotStorableError("a text cannot contain the NUL character")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotStorableError("a text cannot contain a lone surrogate") from None


def check_number(number: float) -> None:
    """Refuse NaN, the infinities, and integers beyond the range of a double: few readers of JSON have a wider type."""
    try:
        is_finite = math.isfinite(number)
    except OverflowError:  # an integer beyond the range of a double
        is_finite = False
    if not is_finite:
        raise NotStorableError("a number must be finite and within the range of a double")


def check_moment(moment: datetime) -> None:
    """Refuse a naive datetime: PostgreSQL would take it to be in the session's time zone, whatever was meant."""
    if moment.utcoffset() is None:
        raise NotStorableError("a timestamp must have a time zone", moment)


def check_document(document: Any, depth: int = 0) -> None:
    """Refuse a JSON document that PostgreSQL could not store or Python could not read again.

    What is not JSON itself (a UUID, a datetime, a model) is looked at as the JSON that it is written as.
    """
    if isinstance(document, str):
        _check_text(document)
    elif isinstance(document, dict):
        inner = deeper(depth)
        for key, element in document.items():
            if isinstance(key, str):
                _check_text(key)
            check_document(element, inner)
    elif isinstance(document, list | tuple):
        inner = deeper(depth)
        for element in document:
            check_document(element, inner)
    elif isinstance(document, int | float):  # a bool too
        check_number(document)
    elif document is not None:
        check_document(to_jsonable_python(document), depth)


def _check_text(text: str) -> None:
    if "\0" in text or not text.isascii():  # nearly every text is plain
        encoded(text)


def write_json(document: Any) -> str:
    """Write JSON: dates, UUIDs and models too, but neither NaN nor infinity."""
    return json.dumps(document, allow_nan=False, default=to_jsonable_python)


def deeper(depth: int) -> int:
    """Return the level inside of this one; refuse one too many."""
    if depth == JSON_DEPTH_MAX:
        raise NotStorableError(f"a document cannot nest deeper than {JSON_DEPTH_MAX} levels")
    return depth + 1
