"""Picking up runs: those whose lease ran out first, then those that have waited longest.

Candidates are read without a lock, more of them than are wanted, and shuffled, so that workers rarely want the same. One conditional
UPDATE takes some, all of one place, and passes over those that somebody else has locked: its condition is judged again under each row's
lock, so that nobody gets a run twice, and no two that take runs wait for each other. Nothing here locks a set of rows that was found by
anything but their ids: runs may lie on several servers, distributed by id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, Select, SmallInteger, bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.enums import RunStatus
from flowforge_schema.leases.candidates import PLACE, Candidates
from flowforge_schema.leases.deadlines import end_overdue, time_out
from flowforge_schema.leases.ending import fail_exhausted
from flowforge_schema.leases.floor import RunFloor
from flowforge_schema.leases.held import CLAIMS, RUNS, HeldRun, is_any, unless_before
from flowforge_schema.leases.holding import DEFAULT_LEASE
from flowforge_schema.limits import RUN_HELD_BY_LENGTH_MAX
from flowforge_schema.outbox.retrying import DEFAULT_POLICY, RetryPolicy
from flowforge_schema.queries import due_claims, waiting_runs
from flowforge_schema.queries.runs import is_in_time

# How many candidates are read for each run that is wanted.
CANDIDATES_PER_RUN = 8

Taken = list[HeldRun]
Take = Callable[[list[UUID]], Awaitable[Taken]]


async def pick_up_runs(
    session: AsyncSession,
    *,
    held_by: str,
    limit: int = 1,
    lease: timedelta = DEFAULT_LEASE,
    policy: RetryPolicy = DEFAULT_POLICY,
    floor: RunFloor | None = None,
) -> list[HeldRun]:
    """Take up to `limit` runs for a worker, each for the time of `lease`; none when there is nothing to do at the moment.

    Commit at once, and work afterwards. `held_by` names the worker, a different name for each process (host and process id, say).
    Runs whose lease ran out, and those that are due to be tried again, come first; one that is still without an end after
    `policy.max_attempts` attempts is failed instead; the policy goes with a run to `retry_run`. Then come pending ones, the oldest
    roughly first. A run past its deadline is not picked up: it is ended as failed with `DEADLINE_EXCEEDED`, some at each call. They
    come without documents, so that a run whose input cannot be read stops no other. Each worker keeps a `floor` of its own through its
    life; without one, looking becomes slow while a long transaction keeps dead rows alive.
    """
    if limit < 1 or lease <= timedelta(0) or not 1 <= len(held_by) <= RUN_HELD_BY_LENGTH_MAX:
        raise ValueError(
            f"pick_up_runs takes a limit of at least 1, a positive lease and a name of 1 to {RUN_HELD_BY_LENGTH_MAX} characters,"
            f" not {limit}, {lease} and {held_by!r}"
        )
    floor = floor or RunFloor(look_ahead=1)
    await floor.advance_if_due(session)
    pick_up = _PickUp(session, held_by, lease, policy, floor)
    taken = await pick_up.due(limit)
    if len(taken) < limit:
        taken += await pick_up.waiting(limit - len(taken))
    # Last: what it locks, it locks when nothing else is asked for any more.
    await end_overdue(session, floor)
    return taken


class _PickUp:
    """One pick-up by one worker, in the transaction of its session."""

    def __init__(
        self, session: AsyncSession, held_by: str, lease: timedelta, policy: RetryPolicy, floor: RunFloor
    ) -> None:
        self.session = session
        self.held_by = held_by
        self.lease = lease
        self.policy = policy
        self.floor = floor

    async def due(self, limit: int) -> Taken:
        """Take runs whose claim has run out."""
        taken: Taken = []
        for count in _counts(limit):
            statement = due_claims(available_from=self.floor.available_from, limit=count).add_columns(*PLACE)
            rows = await self.floor.due.read(self.session, statement)
            taken = await self._take_of_due(rows, limit)
            if taken or len(rows) < count:
                break
        return taken

    async def _take_of_due(self, rows: Sequence[Any], limit: int) -> Taken:
        exhausted = {run_id for run_id, attempt, *_ in rows if attempt >= self.policy.max_attempts}
        if exhausted:
            await fail_exhausted(self.session, list(exhausted), self.policy)
        left = Candidates()
        left.replace((run_id, *place) for run_id, _, *place in rows if run_id not in exhausted)
        return await self._take_from(left, limit, self._take_due)

    async def waiting(self, limit: int) -> Taken:
        """Take runs that nobody has begun, of those that were read before as long as most of them were still free."""
        taken = await self._take_from(self.floor.waiting, limit, self._take_waiting, are_fresh=False)
        for count in () if taken else _counts(limit * self.floor.look_ahead):
            statement = waiting_runs(created_from=self.floor.created_from, limit=count).add_columns(*PLACE)
            rows = (await self.session.execute(statement)).all()
            self.floor.waiting.replace(rows)
            taken = await self._take_from(self.floor.waiting, limit, self._take_waiting)
            if taken or len(rows) < count:
                break
        return taken

    @staticmethod
    async def _take_from(left: Candidates, limit: int, take: Take, *, are_fresh: bool = True) -> Taken:
        """Take runs of one place after another until half as many as are wanted are taken, or most of what was read earlier are gone."""
        taken: Taken = []
        while left and 2 * len(taken) < limit:
            chosen = left.take(limit - len(taken))
            found = await take(chosen)
            taken += found
            if not are_fresh and 2 * len(found) < len(chosen):
                left.clear()
        return taken

    async def _take_due(self, run_ids: list[UUID]) -> Taken:
        now = func.statement_timestamp()
        other = CLAIMS.alias()
        is_due = (other.c.leased_until <= now, other.c.attempt < self.policy.max_attempts)
        statement = (
            update(CLAIMS)
            .where(is_any(CLAIMS.c.run_id, run_ids), CLAIMS.c.run_id.in_(_unlocked(other.c.run_id, run_ids, *is_due)))
            .values(
                attempt=CLAIMS.c.attempt + 1,
                held_by=self.held_by,
                leased_until=now + self.lease,
                available_at=now + self.lease,
            )
            .returning(CLAIMS.c.run_id, CLAIMS.c.attempt, CLAIMS.c.leased_until)
        )
        claims = (await self.session.execute(statement)).all()
        return await self._with_claims(claims) if claims else []

    async def _with_claims(self, claims: Sequence[Any]) -> Taken:
        """Read the runs of claims. A run past its deadline is ended; a claim on one that is over has no use and goes."""
        of_claims = is_any(RUNS.c.id, [claim.run_id for claim in claims])
        statement = select(*_SHOWN, is_in_time(RUNS.c.deadline_at).label("is_in_time")).where(
            of_claims, RUNS.c.status == RunStatus.RUNNING
        )
        found = (await self.session.execute(statement)).all()
        runs = {run.id: run for run in found if run.is_in_time}
        if over := [claim.run_id for claim in claims if claim.run_id not in runs]:
            await self.session.execute(delete(CLAIMS).where(is_any(CLAIMS.c.run_id, over)))
            await time_out(self.session, running=[run.id for run in found if not run.is_in_time])
        return [self._held(runs[claim.run_id], claim) for claim in claims if claim.run_id in runs]

    async def _take_waiting(self, run_ids: list[UUID]) -> Taken:
        other = RUNS.alias()
        is_free = (other.c.status == RunStatus.PENDING, is_in_time(other.c.deadline_at))
        statement = (
            update(RUNS)
            .where(is_any(RUNS.c.id, run_ids), RUNS.c.id.in_(_unlocked(other.c.id, run_ids, *is_free)))
            .values(
                status=RunStatus.RUNNING,
                started_at=unless_before(RUNS.c.started_at),
                lock_version=RUNS.c.lock_version + 1,
            )
            .returning(*_SHOWN)
        )
        runs = {run.id: run for run in await self.session.execute(statement)}
        if not runs:
            return []
        of_worker = {"held_by": self.held_by, "lease": self.lease}
        claims = await self.session.execute(_CLAIM, [{"run_id": run_id, **of_worker} for run_id in runs])
        return [self._held(runs[claim.run_id], claim) for claim in claims]

    def _held(self, run: Any, claim: Any) -> HeldRun:
        return HeldRun(
            run_id=run.id,
            workflow_id=run.workflow_id,
            workflow_version=run.workflow_version,
            attempt=claim.attempt,
            held_by=self.held_by,
            leased_until=claim.leased_until,
            cancel_requested_at=run.cancel_requested_at,
            deadline_at=run.deadline_at,
            is_overdue=False,
            policy=self.policy,
        )


_SHOWN = (RUNS.c.id, RUNS.c.workflow_id, RUNS.c.workflow_version, RUNS.c.cancel_requested_at, RUNS.c.deadline_at)


def _counts(runs: int) -> tuple[int, int]:
    """Return how many candidates are read for so many runs, and how many where somebody has locked all of those."""
    few = runs * CANDIDATES_PER_RUN
    return few, max(few * CANDIDATES_PER_RUN, 1_000)


def _unlocked(key: Any, run_ids: list[UUID], *conditions: Any) -> Select[Any]:
    """Return which of these nobody has locked; a lock by which others refer to a row, as a log to its run, does not matter."""
    return select(key).where(is_any(key, run_ids), *conditions).with_for_update(key_share=True, skip_locked=True)


def _claim() -> Any:
    """Make the INSERT of claims on runs that were just taken, one row of VALUES each: a shard takes its rows as they are, and a SELECT not.

    A claim that is there nevertheless, as after a repair by hand, counts on.
    """
    until = func.statement_timestamp() + bindparam("lease", type_=Interval)
    new = insert(CLAIMS).values(
        run_id=bindparam("run_id"), held_by=bindparam("held_by"), leased_until=until, available_at=until
    )
    given = {name: new.excluded[name] for name in ("held_by", "leased_until", "available_at")}
    # Written out: a shard could not tell the type of a parameter.
    one_more = CLAIMS.c.attempt + literal_column("1", SmallInteger)
    return new.on_conflict_do_update(index_elements=["run_id"], set_={"attempt": one_more, **given}).returning(
        CLAIMS.c.run_id, CLAIMS.c.attempt, CLAIMS.c.leased_until
    )


_CLAIM = _claim()
