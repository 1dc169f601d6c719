"""Makes text of somebody's database fit to be printed: without control characters."""

from __future__ import annotations

import re

# A terminal obeys these; a tab and a line's end are what they seem.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Return the text with its control characters written out, as an escape sequence of Python's."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
