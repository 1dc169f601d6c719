"""The names by which one links into the page: `#0002-roundtrip` for a check at a revision, `#0002` for the revision."""

from __future__ import annotations

import re

from pgharness.records.revisions import Revision
from pgharness.report.model import Report

WHOLE_CHAIN = "chain"
_OTHERS = ("findings", "grid", "revisions", "claims")


class Anchors:
    """The anchors of one report, the same in each report of a chain."""

    def __init__(self, report: Report) -> None:
        self._names: dict[str | None, str] = {None: WHOLE_CHAIN}
        taken = {WHOLE_CHAIN, *_OTHERS}
        for item in report.chain.revisions:
            self._names[item.revision] = name = _free(fragment(item.revision), taken)
            taken.add(name)
        self._cells: dict[tuple[str, str], str] = {}
        for name in self._names.values():
            for result in report.results:
                self._cells[name, result.name] = cell = _free(f"{name}-{fragment(result.name)}", taken)
                taken.add(cell)

    def revision(self, revision: str | None) -> str:
        """Return that of a revision; None, or one that the chain has not, is the chain as a whole."""
        return self._names.get(revision, WHOLE_CHAIN)

    def cell(self, revision: Revision | str | None, check: str) -> str:
        """Return that of a check at a revision."""
        identifier = revision.revision if isinstance(revision, Revision) else revision
        name = self.revision(identifier)
        return self._cells.get((name, check)) or f"{name}-{fragment(check)}"


def drawing(anchor: str, step: str) -> str:
    """Return that of the drawing of a revision's step: no name of a check or a revision has a tilde."""
    return f"{anchor}~{step}"


def fragment(name: str) -> str:
    """Return a name as it may stand behind `#` in every address."""
    return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that nobody has; two names may come to the same where signs are not allowed."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}.{number}"
    return free
