"""What the statements of the release before come to on its own schema; only those that work there are tried later."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pgharness.databases import Database
from pgharness.experiments.old_release.given import can_be_prepared
from pgharness.experiments.old_release.trying import Session
from pgharness.records.old_release import Answer, OldStatement

READS = "reads all columns"
# What a statement that was given finds depends on rows that come and go; only that it works, and what it gives, can be told.
UNKNOWN = -1
_INSERTS = re.compile(r"\s*INSERT\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class View:
    """A view as it was defined; its columns."""

    definition: str
    columns: tuple[str, ...]

    def rows_before(self) -> str:
        """Return the query for how many rows it would show."""
        return f"SELECT count(*) FROM ({self.definition}) AS before"

    def rows_now(self, name: str) -> str:
        """Return the query for how many rows it shows."""
        return f"SELECT count(*) FROM {name}"

    def differing(self, name: str) -> str:
        """Return the query for how many rows there are in only one of both."""
        columns = ", ".join(f"{column}::text" for column in self.columns)
        before, now = f"SELECT {columns} FROM ({self.definition}) AS before", f"SELECT {columns} FROM {name}"
        return f"SELECT count(*) FROM ((({before}) EXCEPT ALL ({now})) UNION ALL (({now}) EXCEPT ALL ({before}))) AS differing"


@dataclass(slots=True)
class Baseline:
    """Statements, by their place, with what each came to.

    `working` shrinks to those that still come to the same, and `cached` to those whose plan is still good; only a plan that gives rows can
    go stale by itself. Of those in `seen_whole` the role
    reads all rows. `views` has the definitions of those that read a view.
    """

    statements: tuple[OldStatement, ...]
    answers: Mapping[int, Answer]
    working: set[int]
    cached: set[int]
    seen_whole: frozenset[int]
    views: Mapping[int, View]
    refused: dict[OldStatement, tuple[Answer, Answer]]
    """Those that were given and are refused, as long as they are: what each came to first and last."""

    def reads(self, at: int) -> bool:
        """Whether a statement reads all rows of a relation."""
        return self.statements[at].act == READS


def take_baseline(
    database: Database,
    owner: Session,
    *,
    role: str,
    made: Sequence[OldStatement],
    given: Sequence[OldStatement],
    views: Mapping[str, View],
) -> Baseline:
    """Carry out all statements twice, undone: what differs between the two tells nothing. What is refused is left out."""
    answers: list[list[Answer | None]] = []
    for _ in range(2):
        with Session(database, role) as session:
            # One that cannot be parsed would keep the others of its message from being read at all.
            answers.append([*session.execute(made), *(answer for one in given for answer in session.execute([one]))])
    kept, refused = {}, {}
    for statement, first, second in zip((*made, *given), *answers, strict=True):
        if first is not None and first.refusal and not statement.is_made:
            refused[statement] = first, first
        if first is not None and second is not None and not (first.refusal or second.refusal):
            kept[statement] = _comparable(statement, first, second)

    working = tuple(kept)
    return Baseline(
        working,
        dict(enumerate(kept.values())),
        working=set(range(len(working))),
        cached={
            at for at, one in enumerate(working) if one.act == READS or (not one.is_made and can_be_prepared(one.sql))
        },
        seen_whole=_seen_whole(owner, working, list(kept.values())) if role else frozenset(),
        views={
            at: views[one.name]
            for at, one in enumerate(working)
            if one.act == READS and one.name in views and owner.count(views[one.name].differing(one.name)) == 0
        },
        refused=refused,
    )


def _comparable(statement: OldStatement, first: Answer, second: Answer) -> Answer:
    """Return an answer with the values that are the same each time; what a read finds depends on rows that come and go."""
    if not statement.is_made and not _INSERTS.match(statement.sql):
        return replace(first, count=UNKNOWN, values=())
    pairs = () if statement.act == READS else zip(first.values, second.values, strict=False)
    return replace(first, values=tuple(one if one == other else None for one, other in pairs))


def _seen_whole(owner: Session, statements: Sequence[OldStatement], answers: Sequence[Answer]) -> frozenset[int]:
    """Return the places of the reads in which a role sees all that is there."""
    return frozenset(
        at
        for at, (one, answer) in enumerate(zip(statements, answers, strict=True))
        if one.act == READS and owner.count(f"SELECT count(*) FROM ({one.sql}) AS seen") == answer.count
    )
