"""Writes a nested condition as PostgreSQL prints it once it has read its own print.

`x BETWEEN 1 AND 9 AND y` is kept as `((x >= 1) AND (x <= 9)) AND y` and printed so. Read again, as a restored dump or a structure
file is, it is kept as one AND of three. That is the same condition, and so has to be the same fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | [()] | [ ]AND[ ] | [ ]OR[ ]""", re.VERBOSE)


@dataclass(slots=True)
class _Brackets:
    """A pair of brackets: where its halves stand, what joins its operands, and its first operand if that is in brackets."""

    opens: int
    closes: int = -1
    joined_by: str = ""
    first: _Brackets | None = None


def flattened(printed: str) -> str:
    """Take the brackets from a first operand that is joined as what it stands in: `((a AND b) AND c)` is `(a AND b AND c)`.

    `printed` is what PostgreSQL's functions print of an expression, or of a definition that contains some.
    """
    if "((" not in printed or (" AND " not in printed and " OR " not in printed):
        return printed
    pieces: list[str] = []
    around = [_Brackets(-1)]
    end = 0
    for match in _PART.finditer(printed):
        if between := printed[end : match.start()]:
            pieces.append(between)
        end = match.end()
        part = match[0]
        if part == "(":
            around.append(_Brackets(len(pieces)))
        elif part == ")":
            if len(around) == 1:
                return printed  # not what PostgreSQL prints
            closed = around.pop()
            closed.closes = len(pieces)
            if closed.opens == around[-1].opens + 1:
                around[-1].first = closed
        elif part in {" AND ", " OR "}:
            outer = around[-1]
            outer.joined_by = outer.joined_by or part
            if outer.first is not None and outer.first.closes == len(pieces) - 1 and outer.first.joined_by == part:
                pieces[outer.first.opens] = pieces[outer.first.closes] = ""
        pieces.append(part)
    return "".join([*pieces, printed[end:]])
