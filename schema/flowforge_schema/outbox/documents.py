"""The documents of an event as texts: one that Python cannot read stays a text, and stops nothing else."""

from __future__ import annotations

import json
from typing import Any, Self


class UnreadableJson(str):
    """The text of a JSON document that PostgreSQL holds and Python cannot read; `why` says so without quoting it."""

    __slots__ = ("why",)

    why: str

    def __new__(cls, text: str, why: str) -> Self:
        """Take the text, and why it cannot be read."""
        made = super().__new__(cls, text)
        made.why = why
        return made


def read_json(text: str) -> dict[str, Any] | UnreadableJson:
    """Return the document, or its text where it nests too deep or holds a number with too many digits."""
    try:
        document: dict[str, Any] = json.loads(text)
    except RecursionError:
        return UnreadableJson(text, "it nests too deep")
    except ValueError:
        return UnreadableJson(text, "a number in it has too many digits")
    return document
