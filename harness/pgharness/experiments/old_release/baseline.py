"""What the statements of the release before come to on its own schema; only those that work there are tried later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pgharness.databases import Database
from pgharness.experiments.old_release.trying import Session
from pgharness.records.old_release import Answer, OldStatement

READS = "reads all columns"


@dataclass(frozen=True, slots=True)
class View:
    """A view as it was defined; its columns."""

    definition: str
    columns: tuple[str, ...]

    def counts(self, name: str) -> tuple[str, str, str]:
        """Return the queries for how many rows it would show, how many it shows, and how many there are in only one of both."""
        columns = ", ".join(f"{column}::text" for column in self.columns)
        before, now = f"SELECT {columns} FROM ({self.definition}) AS before", f"SELECT {columns} FROM {name}"
        differing = f"(({before}) EXCEPT ALL ({now})) UNION ALL (({now}) EXCEPT ALL ({before}))"
        return tuple(f"SELECT count(*) FROM ({text}) AS counted" for text in (before, now, differing))  # type: ignore[return-value]


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

    def reads(self, at: int) -> bool:
        """Whether a statement reads all rows of a relation."""
        return self.statements[at].act == READS


def take_baseline(
    database: Database,
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
    kept = {}
    for statement, first, second in zip((*made, *given), *answers, strict=True):
        if first is not None and second is not None and not (first.refusal or second.refusal):
            kept[statement] = _in_common(first, second)
    working = tuple(kept)
    return Baseline(
        working,
        dict(enumerate(kept.values())),
        working=set(range(len(working))),
        cached={at for at, one in enumerate(working) if one.act == READS or not one.is_made},
        seen_whole=_seen_whole(database, working, list(kept.values())) if role else frozenset(),
        views={
            at: views[one.name]
            for at, one in enumerate(working)
            if one.act == READS and one.name in views and _tells_the_same(database, views[one.name], one.name)
        },
    )


def _in_common(first: Answer, second: Answer) -> Answer:
    """Return an answer without the values that are others each time."""
    pairs = zip(first.values, second.values, strict=False)
    return replace(first, values=tuple(one if one == other else None for one, other in pairs))


def _seen_whole(database: Database, statements: Sequence[OldStatement], answers: Sequence[Answer]) -> frozenset[int]:
    """Return the places of the reads in which a role sees all that is there."""
    with Session(database) as session:
        return frozenset(
            at
            for at, (one, answer) in enumerate(zip(statements, answers, strict=True))
            if one.act == READS and session.count(f"SELECT count(*) FROM ({one.sql}) AS seen") == answer.count
        )


def _tells_the_same(database: Database, view: View, name: str) -> bool:
    """Whether a view shows the same each time that it is read."""
    with Session(database) as session:
        return session.count(view.counts(name)[2]) == 0
