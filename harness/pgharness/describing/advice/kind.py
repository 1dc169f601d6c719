"""One piece of advice: for which SQLSTATE and words it is, and what to type."""

from __future__ import annotations

from dataclasses import dataclass

AUTOCOMMIT_BLOCK = "with op.get_context().autocommit_block():"
CHANGES_TYPE = r"\bALTER\s+TABLE\b[\s\S]*\bTYPE\b"
"""What there is to be changed stands in the table; else the statement itself writes what is refused, and other rows are sound."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to type for one SQLSTATE; `condition` is its name in PostgreSQL's manual (appendix A).

    `words` is a pattern that statement or message must match; its groups stand in `mend` by their names, as `{table}`.
    """

    sqlstate: str
    condition: str
    mend: str
    words: str = ""
