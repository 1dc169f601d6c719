"""Lets a stream write whatever is printed: other signs for those that its encoding lacks."""

from __future__ import annotations

import codecs
from io import TextIOWrapper
from typing import TextIO

_NAME = "pgharness: plain signs"
# What stands for our own signs where the encoding (cp1252, ASCII) lacks them.
_PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "…": "...", "×": "x"}
    | dict.fromkeys("┏┳┓┡╇┩└┴┘├┼┤", "+")
    | dict.fromkeys("━─", "-")
    | dict.fromkeys("┃│", "|")
)


def use_plain_signs(stream: TextIO) -> None:
    """Let a stream write other signs for what its encoding lacks: of ours plain ones, of what is left a `?` for each."""
    if isinstance(stream, TextIOWrapper):  # not what stands in its place where nobody is to see it
        stream.reconfigure(errors=_NAME)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join("?" if ord(sign) not in _PLAIN else str(_PLAIN[ord(sign)]) for sign in lacking), error.end


codecs.register_error(_NAME, _plain)
