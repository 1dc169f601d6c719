"""Prints what is advised for which SQLSTATE as a page: `python -m pgharness.describing.advice_table > docs/failing-statements.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pgharness.describing.advice import ADVICE

HEAD = """\
# Failing statements

Made from the code: `python -m pgharness.describing.advice_table > docs/failing-statements.md`. Where the server refuses a statement of a
revision, the finding tells the statement, the SQLSTATE and the line, and advises what to type. What stands in braces is read from the message.

| SQLSTATE | condition | where it says | advice |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    for one in sorted(ADVICE, key=lambda one: (one.sqlstate == "", one.sqlstate)):
        cells = (one.sqlstate or "–", one.condition or "–", f"`{one.words}`" if one.words else "", one.mend)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
