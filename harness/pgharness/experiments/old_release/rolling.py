"""Lets a chain go on under the release before: tries its statements after each revision, and leaves its rows behind for the next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pgharness.catalog.names import unqualified, unquoted
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.chain.project import Project
from pgharness.databases import Database, Databases
from pgharness.experiments.old_release.baseline import READS, Baseline, take_baseline
from pgharness.experiments.old_release.comparing import comes_to_something_else
from pgharness.experiments.old_release.making import make_statements
from pgharness.experiments.old_release.trying import Session
from pgharness.records.old_release import Answer, Broken, Hidden, OldReleaseRecord, OldStatement
from pgharness.records.revisions import Revision
from pgharness.records.steps import Step
from pgharness.rows import Words

# What a revision does to rows itself may take some away from a read on purpose.
_WRITES = re.compile(
    r"(?:^|;)\s*(?:INSERT|UPDATE|DELETE|TRUNCATE|MERGE|COPY|DO|CALL|SELECT|WITH|DROP\s+TABLE)\b|\bDETACH\s+PARTITION\b",
    re.IGNORECASE,
)
_INSERTS = re.compile(
    r"\b(?:INSERT\s+INTO|MERGE\s+INTO|COPY)\s+(?:ONLY\s+)?(?:\"?[\w$]+\"?\.)?(\"[^\"]+\"|[\w$]+)", re.IGNORECASE
)


@dataclass(slots=True)
class Rolling:
    """The way through the revisions that are deployed while the release before still runs, on one database."""

    project: Project
    databases: Databases
    database: Database
    version_table: str
    role: str
    given: tuple[OldStatement, ...] = ()
    leaves_rows: bool = True
    """Whether the release before writes rows that stay."""
    words: Words = field(default_factory=dict)
    """What columns of texts are to hold."""
    known: dict[OldStatement, None] = field(default_factory=dict)
    """Those of the given ones that work somewhere: a file of which nothing works is that of another release."""
    broken: list[Broken] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    refused: list[Broken] = field(default_factory=list)
    secured: list[tuple[str, str]] = field(default_factory=list)

    def roll(self, scratch: Database, window: Sequence[Revision]) -> OldReleaseRecord:
        """Run the revisions; one that comes after the deployment begins another release, whose statements are made anew."""
        for has_gone, revisions in groupby(window, key=lambda item: item.after_deploy is not None):
            together = tuple(revisions)
            for item, step in self._run(together) if has_gone else self._under_old_release(scratch, together):
                if step.failure is not None:
                    return self._record(window, item, step)
            if has_gone:
                scratch = self.databases.clone(self.database)
        return self._record(window)

    def _record(
        self, window: Sequence[Revision], at: Revision | None = None, step: Step | None = None
    ) -> OldReleaseRecord:
        judged = [item.revision for item in window if item.after_deploy is None]
        return OldReleaseRecord(
            revisions=tuple(
                judged if at is None else judged[: judged.index(at.revision)] if at.revision in judged else judged
            ),
            broken=tuple(self.broken),
            hidden=tuple(self.hidden),
            given=tuple(self.known),
            refused=tuple(self.refused),
            failed_at=at.revision if at is not None else None,
            failure=step.failure if step is not None else None,
            role=self.role,
            secured=tuple(self.secured),
        )

    def _run(self, revisions: Sequence[Revision]) -> Iterator[tuple[Revision, Step]]:
        with converse(self.project, self.database) as conversation:
            asked = [(item.revision, UP) for item in revisions]
            yield from zip(revisions, conversation.steps(asked, apart=True), strict=False)

    def _under_old_release(self, scratch: Database, revisions: Sequence[Revision]) -> Iterator[tuple[Revision, Step]]:
        with scratch.connect() as connection:
            made = make_statements(connection, (self.version_table,), self.words, len(revisions))
        with Session(self.database) as owner, Session(self.database, self.role) as pooled:
            with owner.sequences_kept():
                baseline = take_baseline(
                    self.database, owner, role=self.role, made=made.statements, given=self.given, views=made.views
                )
                self.known |= dict.fromkeys(one for one in baseline.statements if not one.is_made)
                pooled.prepare({at: baseline.statements[at] for at in sorted(baseline.cached)})
            # What a known release has written before the first of them, the rows of the walk stand for.
            pooled.stay(() if self.known or not self.leaves_rows else made.staying[0])
            secured = owner.secured_tables()
            for at, (item, step) in enumerate(self._run(revisions)):
                yield item, step
                if step.failure is not None:
                    return
                with Session(self.database, self.role) as fresh:
                    with owner.sequences_kept():
                        self._try(_Sessions(fresh, pooled, owner), item, step, baseline)
                    fresh.stay(self._written(made.staying[at + 1]) if at + 1 < len(revisions) else ())
                    secured = self._look_at_row_security(fresh, owner, item, secured)
            self.refused.extend(
                Broken(revisions[-1].revision, statement, *answers) for statement, answers in baseline.refused.items()
            )

    def _written(self, made: Sequence[OldStatement]) -> list[OldStatement]:
        """Return the inserts into tables into which the release inserts, as far as that is known."""
        if not self.leaves_rows:
            return []
        into = {name.strip('"') for one in self.known for name in _INSERTS.findall(one.sql)}
        return [one for one in made if not self.known or unquoted(unqualified(one.name)) in into]

    def _try(self, sessions: _Sessions, item: Revision, step: Step, baseline: Baseline) -> None:
        """Try what still works, in a session that is new and in one that has prepared it all; what is broken is charged once."""
        places = sorted(baseline.working)
        answers = dict(zip(places, sessions.fresh.execute([baseline.statements[at] for at in places]), strict=True))
        cached_places = sorted(baseline.working & baseline.cached)
        prepared = sessions.pooled.execute_prepared({at: baseline.statements[at] for at in cached_places})
        writes = any(_WRITES.search(statement.sql) for statement in step.statements)
        for at, answer in answers.items():
            before, statement, cached = baseline.answers[at], baseline.statements[at], prepared.get(at)
            if answer is None:
                continue  # why the row that it is about cannot be made, is told of its insert
            if comes_to_something_else(before, answer, is_read=baseline.reads(at), writes=writes):
                self.broken.append(Broken(item.revision, statement, before, answer))
                baseline.working.discard(at)
            elif cached is not None and cached.refusal is not None:
                self.broken.append(Broken(item.revision, statement, before, cached, session="prepared"))
                baseline.cached.discard(at)
        for statement, (first, _) in list(baseline.refused.items()):
            (now,) = sessions.fresh.execute([statement])
            if now is None or now.refusal is None:
                del baseline.refused[statement]
            else:
                baseline.refused[statement] = first, now
        self._compare_views(sessions.owner, item, baseline)
        self._look_for_hidden_rows(sessions.owner, item, baseline, answers)

    def _look_for_hidden_rows(
        self, owner: Session, item: Revision, baseline: Baseline, answers: Mapping[int, Answer | None]
    ) -> None:
        """Compare what the application's role reads with what is there."""
        for at in sorted(baseline.working & baseline.seen_whole):
            answer, statement = answers[at], baseline.statements[at]
            there = owner.count(f"SELECT count(*) FROM ({statement.sql}) AS seen")
            if answer is not None and there is not None and answer.count < there:
                self.hidden.append(Hidden(item.revision, statement, answer.count, there))
                baseline.working.discard(at)

    def _compare_views(self, owner: Session, item: Revision, baseline: Baseline) -> None:
        """Compare what each view shows with what it would show as it was defined before."""
        for at, view in sorted(baseline.views.items()):
            statement = baseline.statements[at]
            if at not in baseline.working or not owner.count(view.differing(statement.name)):
                continue
            before, after = owner.count(view.rows_before()), owner.count(view.rows_now(statement.name))
            self.broken.append(Broken(item.revision, statement, Answer(before or 0), Answer(after or 0)))
            baseline.working.discard(at)

    def _look_at_row_security(
        self, fresh: Session, owner: Session, item: Revision, before: frozenset[str]
    ) -> frozenset[str]:
        """See what row security hides where it came, also from a role that may read only since; nobody meets it whose role is not named."""
        now = owner.secured_tables()
        for name in sorted(now - before):
            count = f"SELECT count(*) FROM {name}"
            read, there = fresh.count(count), owner.count(count)
            if not self.role:
                self.secured.append((item.revision, name))
            elif read is not None and there is not None and read < there and not self._is_told(item, name):
                seen = OldStatement(READS, "table", name, f"SELECT * FROM {name}")
                self.hidden.append(Hidden(item.revision, seen, read, there))
        return before | now

    def _is_told(self, item: Revision, name: str) -> bool:
        return any((one.revision, one.statement.name) == (item.revision, name) for one in self.hidden)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """The sessions in which a revision is tried: a new one, one that was there before, and one that sees everything."""

    fresh: Session
    pooled: Session
    owner: Session
