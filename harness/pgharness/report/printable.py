"""Makes text fit where it is printed: no control characters of somebody's database, and only what the encoding has."""

from __future__ import annotations

import re

# A terminal obeys these; a tab and a line's end are what they seem.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# What stands for our own signs where the encoding (cp1252, ASCII) lacks them.
_PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "…": "...", "×": "x"}
    | dict.fromkeys("┏┳┓┡╇┩└┴┘├┼┤", "+")
    | dict.fromkeys("━─", "-")
    | dict.fromkeys("┃│", "|")
)


def printable(text: str) -> str:
    """Return the text with its control characters written out, as an escape sequence of Python's."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def encodable(text: str, encoding: str) -> str:
    """Return the text as the encoding can hold it: our signs by plain ones, of what is left a `?` for each."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text
