"""What `data` goes by: what became of the contents of tables by a revision, what we wrote meanwhile, and how what is found is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgharness.describing.contents import in_one_line
from pgharness.findings import Finding
from pgharness.records.changes import TableChanges, changes
from pgharness.records.contents import Contents
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step

NAME = "data"
NOTHING = TableChanges("")
# The step in which what is found of a kind happens.
STEP_OF = {
    **dict.fromkeys(("PGH-V001", "PGH-V002", "PGH-V003", "PGH-V005", "PGH-V006"), "upgrade"),
    **dict.fromkeys(("PGH-V004", "PGH-V007"), "downgrade"),
}
DECLARE = 'where the loss is meant, declare allow = {"data": "<reason>"} beside its code'


@dataclass(frozen=True, slots=True)
class Seen:
    """A revision with what became of the contents by it: after up, after down against before up, and after up again against up.

    `refilled` are the tables, and `ours` the columns of others, into which we wrote ourselves between the steps; `written_to` are tables that
    got rows of ours beside those that stood there.
    """

    item: RevisionRecord
    up: Mapping[str, TableChanges]
    down: Mapping[str, TableChanges] | None
    again: Mapping[str, TableChanges] | None
    refilled: frozenset[str]
    ours: frozenset[tuple[str, str]]
    written_to: frozenset[str]

    @property
    def is_irreversible(self) -> bool:
        """Whether the revision says that there is no way back."""
        return self.item.revision.irreversible is not None

    def back(self, table: str) -> TableChanges:
        """Return what differs after the downgrade; nothing where there was none."""
        return (self.down or {}).get(table, NOTHING)


def seen_of(item: RevisionRecord) -> Seen | None:
    """Return what became of the contents; None where they were not read."""
    met, left = item.upgrade.met, item.upgrade.left
    if met is None or left is None:
        return None
    down = item.downgrade if item.downgrade is not None and item.downgrade.failure is None else None
    again = item.reupgrade if item.reupgrade is not None and item.reupgrade.failure is None else None
    return Seen(
        item,
        changes(met, left, kept_types=True),
        changes(met, down.left) if down is not None and down.left is not None else None,
        changes(left, again.left) if again is not None and again.left is not None else None,
        _refilled(left, down),
        frozenset({*_touched(left, down), *_touched(down.left if down is not None else None, again)}),
        _written_to(left, down),
    )


def _written_to(left: Contents, down: Step | None) -> frozenset[str]:
    if down is None or down.met is None:
        return frozenset()
    return frozenset(table for table, one in changes(left, down.met).items() if one.appeared)


def _touched(left: Contents | None, step: Step | None) -> Iterator[tuple[str, str]]:
    """Yield the columns that we changed ourselves between two steps: a trigger notes that a new column was filled."""
    if left is not None and step is not None and step.met is not None:
        for table, one in changes(left, step.met).items():
            yield from ((table, column) for column in one.values)


def _refilled(left: Contents, down: Step | None) -> frozenset[str]:
    """Return the tables that the upgrade left empty and that were filled before the downgrade."""
    met = down.met if down is not None else None
    if met is None:
        return frozenset()
    empty = [one.name for one in left.tables if not one.rows]
    return frozenset(name for name in empty if (table := met.table(name)) is not None and table.rows)


def no_way_back(seen: Seen) -> str:
    """Return why values are lost, as the end of a sentence."""
    return "downgrade() does not undo that" if seen.down is not None else "no downgrade() ran that could undo that"


def revision_of(seen: Seen) -> str:
    """Return the revision's id."""
    return seen.item.revision.revision


def path_of(seen: Seen) -> str:
    """Return the revision's file."""
    return seen.item.revision.path


def sent_by(item: RevisionRecord, direction: str) -> list[str]:
    """Return what the revision itself sends in a step."""
    step = {"upgrade": item.upgrade, "downgrade": item.downgrade}[direction]
    return [one.sql for one in step.statements if one.file == item.revision.path] if step is not None else []


def finding(  # noqa: PLR0917 - the parts of a finding, in their order
    seen: Seen, code: str, subject: str, message: str, mend: str, evidence: str
) -> Finding:
    """Return a finding, with the statement that did it where that is known."""
    culprit = _culprit(seen.item, STEP_OF.get(code, ""), subject)
    if culprit is None:
        return Finding(NAME, revision_of(seen), subject, message, mend, evidence, code=code)
    told = f"{evidence}\nafter: {in_one_line(culprit.sql)}".strip()
    return Finding(NAME, revision_of(seen), subject, message, mend, told, culprit.line or None, code=code)


def _culprit(item: RevisionRecord, direction: str, subject: str) -> Statement | None:
    """Return the statement that did it: the one that was seen to, or the only one that the revision sends."""
    step = {"upgrade": item.upgrade, "downgrade": item.downgrade}.get(direction)
    own = [one for one in step.statements if one.file == item.revision.path] if step is not None else []
    return item.culprits.get((direction, subject)) or (own[0] if len(own) == 1 else None)
