"""Writes elements of HTML and SVG: everything that comes from a project is escaped, and control characters are written out."""

from __future__ import annotations

import re
from html import escape

from pgharness.report.printable import printable

_CODE = re.compile("`([^`]+)`")


def text(words: str) -> str:
    """Return words as they may stand in an element or an attribute."""
    return escape(printable(words))


def sentence(words: str) -> str:
    """Return words of which what stands between backticks is shown as code."""
    return _CODE.sub(r"<code>\1</code>", text(words))


def element(name: str, content: str = "", /, **attributes: str | float | None) -> str:
    """Return an element around content that is markup already; attributes are escaped, and left out where they are None.

    `class_` stands for class, an underscore for a hyphen.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{content}</{name}>"


def shortened(words: str, longest: int) -> str:
    """Return words of at most so many characters, the end told by a sign."""
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
