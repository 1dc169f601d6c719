"""Watches a migration's statements: which locks each takes on what stood before, and what work is done while they are held.

It takes no lock on tables of the project and leaves the transactions of the migration as they are: locks are read from a session of our
own by the migration's process, and only what the transaction alone knows is asked there, once it has taken a lock.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from typing_extensions import override

from pgharness.chain.watch import Ask, Moment, QueryRefused
from pgharness.records.statements import Statement
from pgharness.records.steps import Step
from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.servers import Connection
from pgharness.trace.implied_locks import implied_locks
from pgharness.trace.lock_modes import MODES, strongest
from pgharness.trace.plans import looked_up
from pgharness.trace.reading import (
    HAND_OVER_COUNTERS,
    Relation,
    Seen,
    ask_foreign_keys,
    ask_lock_timeout,
    ask_settings,
    ask_transaction,
    read_locks,
    read_relations,
)
from pgharness.trace.remarks import ASK_FOR_ALL, said_of
from pgharness.trace.statement_parts import statements_of

_SETS = re.compile(
    r"^\s*SET\s+(?:SESSION\s+)?(?!LOCAL\b)([\w.]+)\s*(?:=|\bTO\b)|\bset_config\(\s*'([\w.]+)'|^\s*SET\s+(ROLE)\b",
    re.IGNORECASE,
)
_TRUNCATES = re.compile(r"\bTRUNCATE\b", re.IGNORECASE)
_KEEPS_ROWS = re.compile(r"\b(CLUSTER|VACUUM)\b", re.IGNORECASE)
# They take no snapshot, and a transaction that has none yet may still choose its isolation level.
_BEFORE_ANY_SNAPSHOT = ("LOCK", "SET", "BEGIN", "SAVEPOINT")


class CountersWatch:
    """Sees nothing, and keeps what was counted before a step, or in one, from being counted in the next one too."""

    wants: frozenset[Moment] = frozenset({"after_commit"})

    def before_steps(self, ask: Ask) -> None:
        """Let the counters begin at nothing where rows were read in between, or by a step that failed: no commit has handed those over."""
        self.after_commit(ask)

    def before_statement(self, statement: Statement, ask: Ask) -> None:
        """Never called."""

    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """Never called."""

    def after_commit(self, ask: Ask) -> None:
        """Let the counters of the next transaction begin at nothing."""
        with contextlib.suppress(QueryRefused):
            ask(HAND_OVER_COUNTERS)

    def after_step(self, step: Step, ask: Ask) -> None:
        """Nothing is left to do."""


@dataclass(slots=True)
class _StepSoFar:
    """What was seen of the step that runs: `taken` are the locks held, by oid and mode, with the place of the statement that took each.

    `counted` are the rows read and written so far in the transaction, by oid.
    """

    statements: list[TracedStatement] = field(default_factory=list)
    standing: dict[int, Relation] | None = None
    limit_at_start: int | None = None
    settings_left: tuple[tuple[str, str], ...] = ()
    commits: list[int] = field(default_factory=list)
    renamed: tuple[tuple[str, str], ...] = ()
    transactions: dict[str, int] = field(default_factory=dict)
    transaction: str = ""
    taken: dict[tuple[int, str], int] = field(default_factory=dict)
    counted: dict[int, tuple[int, int]] = field(default_factory=dict)


class TraceWatch(CountersWatch):
    """A watch over one conversation; `take` gives what was seen since it was called last."""

    wants: frozenset[Moment] = frozenset({"before_statement", "after_statement", "after_commit"})

    def __init__(self, observer: Connection, backend: int, leave_out: Collection[str]) -> None:
        self._observer = observer
        self._backend = backend
        self._leave_out = leave_out
        self._step = _StepSoFar()

    def take(self) -> Trace:
        """Return the trace of the step that has just ended, and begin a new one; no transaction goes over from a step to the next."""
        step, self._step = self._step, _StepSoFar()
        # The last commit is that of the step itself.
        return Trace(
            tuple(step.statements), step.limit_at_start or 0, step.settings_left, tuple(step.commits[:-1]), step.renamed
        )

    @override
    def before_steps(self, ask: Ask) -> None:
        """Let the counters begin at nothing, which is no commit of a step."""
        super().after_commit(ask)

    @override
    def after_commit(self, ask: Ask) -> None:
        """Note where a step commits; what comes before its first statement ends what others have left open."""
        self._step.commits.append(len(self._step.statements))
        super().after_commit(ask)

    @override
    def before_statement(self, statement: Statement, ask: Ask) -> None:
        """Let the server tell all that it does; a revision may have set that otherwise, or rolled it back."""
        if not statement.file:
            return
        with contextlib.suppress(QueryRefused):  # in a transaction that has failed
            ask(ASK_FOR_ALL)
        if self._step.standing is None:
            self._step.standing = read_relations(self._observer, self._leave_out)
            with contextlib.suppress(QueryRefused):
                self._step.limit_at_start = ask_lock_timeout(ask)

    @override
    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """See what the statement has taken, and what was done meanwhile; Alembic's own, on its version table, is passed over."""
        if not statement.file:
            return
        try:
            self._step.statements.append(self._traced(statement, ask))
        except QueryRefused:  # what the session will not tell, nobody knows
            self._step.statements.append(TracedStatement(statement, None, remarks=ask.said))

    def _traced(self, statement: Statement, ask: Ask) -> TracedStatement:
        transaction, locks = read_locks(self._observer, self._backend)
        if transaction is None:
            return self._by_itself(statement, ask)
        self._enter(transaction)
        for oid, mode in locks:
            if oid in self._relations:
                self._step.taken.setdefault((oid, MODES[mode]), len(self._step.statements))
        self._step.taken = {
            key: place for key, place in self._step.taken.items() if (key[0], _as_printed(key[1])) in set(locks)
        }
        return self._in_transaction(statement, ask)

    @override
    def after_step(self, step: Step, ask: Ask) -> None:
        """See what is called otherwise now, and which of the settings that the step's statements name are left for the session."""
        self._step.renamed = tuple(self._renamed())
        named = {name.lower() for one in step.statements for found in _SETS.findall(one.sql) for name in found if name}
        with contextlib.suppress(QueryRefused):
            self._step.settings_left = tuple(
                sorted(
                    (name, value)
                    for name, value in (ask_settings(ask) if named else {}).items()
                    if name.lower() in named
                )
            )

    def _renamed(self) -> Iterator[tuple[str, str]]:
        """Yield the tables that have got another name or schema, for which each has to be locked against all others."""
        locks = (lock for one in self._step.statements for lock in one.locks)
        locked = {lock.relation for lock in locks if lock.mode == "ACCESS EXCLUSIVE"}
        before = {oid: one.name for oid, one in self._relations.items() if one.name in locked}
        for oid, now in read_relations(self._observer, only=before).items() if before else ():
            if now.name != before[oid]:
                yield before[oid], now.name

    @property
    def _relations(self) -> dict[int, Relation]:
        return self._step.standing or {}

    def _enter(self, transaction: str) -> None:
        """Note in which transaction the statement ran; one's locks go with it."""
        if transaction != self._step.transaction:
            self._step.taken, self._step.counted = {}, {}
        self._step.transaction = transaction
        self._step.transactions.setdefault(transaction, len(self._step.transactions))

    def _in_transaction(self, statement: Statement, ask: Ask) -> TracedStatement:
        number = self._step.transactions[self._step.transaction]
        locked = {oid for oid, _ in self._step.taken}
        if not locked:
            return TracedStatement(statement, number, remarks=ask.said)
        parts = statements_of(statement.sql)
        if all(one.upper().startswith(_BEFORE_ANY_SNAPSHOT) for one in parts):
            limit = ask_lock_timeout(ask)
            return TracedStatement(statement, number, self._locks(), (), ask.said, limit)
        seen = ask_transaction(ask, sorted(locked))
        works = self._without_looked_up(ask, statement, tuple(self._works(ask, seen, statement.sql)))
        dropped = {oid for oid, one in seen.counted.items() if one.bare_name is None}
        return TracedStatement(
            statement, number, self._locks(dropped), works, ask.said, seen.lock_timeout_ms, seen.statement_timeout_ms
        )

    def _without_looked_up(self, ask: Ask, statement: Statement, works: tuple[Work, ...]) -> tuple[Work, ...]:
        """Mark rows that an index could have found: under a lock of this revision, or of one before it in the same transaction, it matters."""
        read = {work.relation.rpartition(".")[2].strip('"') for work in works if work.doing == "reads"}
        if not read:
            return works
        found = looked_up(ask, statement.sql, read)
        return tuple(
            replace(work, is_looked_up=True)
            if work.doing == "reads" and work.relation.rpartition(".")[2].strip('"') in found
            else work
            for work in works
        )

    def _locks(self, dropped: Collection[int] = ()) -> tuple[HeldLock, ...]:
        """Return the strongest lock on each relation, in the order in which they were taken."""
        by_relation: dict[int, list[tuple[str, int]]] = {}
        for (oid, mode), place in self._step.taken.items():
            by_relation.setdefault(oid, []).append((mode, place))
        found = [self._lock(oid, dict(held), is_dropped=oid in dropped) for oid, held in by_relation.items()]
        return tuple(sorted(found, key=lambda lock: (lock.taken_by, lock.relation)))

    def _lock(self, oid: int, held: Mapping[str, int], *, is_dropped: bool) -> HeldLock:
        mode = strongest(held)
        relation = self._relations[oid]
        table = self._relations.get(relation.table)
        return HeldLock(relation.name, relation.kind, mode, held[mode], table.name if table else "", is_dropped)

    def _works(self, ask: Ask, seen: Seen, sql: str) -> Iterator[Work]:
        """Yield what was done meanwhile on relations that stood before."""
        names = {one.bare_name or self._relations[oid].bare_name: oid for oid, one in seen.counted.items()}
        said = list(self._said_works(ask, {name: self._relations[oid] for name, oid in names.items()}))
        emptied = set[str]() if _KEEPS_ROWS.search(sql) else self._emptied(seen, said)
        yield from (work for work in said if work.doing != "builds" or work.relation not in emptied)
        for oid, one in seen.counted.items():
            relation = self._relations[oid]
            read, written = self._step.counted.get(oid, (0, 0))
            self._step.counted[oid] = (one.read, one.written)
            if relation.kind in {"table", "materialized view"} and one.read > read:
                yield Work("reads", relation.name, rows=one.read - read)
            if one.written > written:
                yield Work("writes", relation.name, relation.row_trigger or "", one.written - written)
            yield from self._new_files(relation, one.file, one.tablespace, has_read=one.read > read)

    def _emptied(self, seen: Seen, said: Collection[Work]) -> set[str]:
        """Return the relations that have got a new file without being read, as TRUNCATE gives them one: their indexes are built on nothing."""
        written_anew = {work.relation for work in said if work.doing == "rewrites"}
        return {
            self._relations[oid].name
            for oid, one in seen.counted.items()
            if one.file not in {None, self._relations[oid].file} and one.read <= self._step.counted.get(oid, (0, 0))[0]
        } - written_anew

    def _said_works(self, ask: Ask, tables: Mapping[str, Relation]) -> Iterator[Work]:
        said = list(said_of(ask.said))
        keys = [one.name for one in said if one.doing == "validates"]
        for one in said:
            if one.table in tables:
                yield Work(one.doing, tables[one.table].name, one.name)
        for name, table, _ in sorted(ask_foreign_keys(ask, keys)) if keys else ():
            if table in self._relations:
                yield Work("validates", self._relations[table].name, name)

    def _new_files(
        self, relation: Relation, file: int | None, tablespace: int | None, *, has_read: bool
    ) -> Iterator[Work]:
        """Yield what a new file of a relation says; that of TRUNCATE is empty, and so no work."""
        if file is None or file == relation.file:
            return
        assert self._step.standing is not None
        moved = tablespace or 0
        self._step.standing[relation.oid] = replace(relation, file=file, tablespace=moved)
        if moved != relation.tablespace:
            yield Work("moves", relation.name)
        elif has_read and relation.kind in {"table", "materialized view"}:
            yield Work("rewrites", relation.name)

    def _by_itself(self, statement: Statement, ask: Ask) -> TracedStatement:
        """Return what is known of a statement that was its own transaction, and has let its locks go."""
        tables = {one.bare_name: one for one in self._relations.values() if one.kind not in {"index", "view"}}
        keeps_rows = not _TRUNCATES.search(statement.sql)
        works = [one for one in self._said_works(ask, tables) if keeps_rows or one.doing != "builds"]
        for oid, now in read_relations(self._observer, only=self._relations).items():
            works += self._new_files(self._relations[oid], now.file, now.tablespace, has_read=keeps_rows)
        locks = implied_locks(statement.sql, works, len(self._step.statements))
        return TracedStatement(statement, None, locks, tuple(works), ask.said, ask_lock_timeout(ask) if locks else None)


def _as_printed(mode: str) -> str:
    return next(printed for printed, words in MODES.items() if words == mode)
