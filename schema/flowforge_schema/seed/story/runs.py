"""What happened at Kiln & Clay: runs in every status, with retries, skipped steps, and one that has been stuck for days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flowforge_schema.enums import RunStatus, StepStatus, TriggerType
from flowforge_schema.seed.story.people import JONAS, MARA
from flowforge_schema.seed.story.rows import Kind, Row, before, seed_id
from flowforge_schema.seed.story.workflows import FLOWS, INVOICE, KILN_ALERT, OLD_IMPORT, STOCK_SYNC, step_number

ATTEMPT_LASTS = timedelta(seconds=20)
# How long a run waits before a worker takes it.
QUEUED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a step; attempts follow each other in the order in which they are told."""

    key: str
    status: StepStatus = StepStatus.COMPLETED
    message: str | None = None
    number: int = 1
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run, and each attempt at its steps."""

    number: int
    flow: int
    version: int = 1
    status: RunStatus = RunStatus.COMPLETED
    trigger: TriggerType = TriggerType.SCHEDULE
    by: int | None = None
    days: float = 0
    minutes: float = 0
    attempts: tuple[Attempt, ...] = ()
    input: tuple[tuple[str, Any], ...] = ()
    output: tuple[tuple[str, Any], ...] | None = None
    error: str | None = None
    cancel_asked: bool = False


def failed(key: str, number: int, error: str) -> Attempt:
    """Report an attempt that failed."""
    return Attempt(key, StepStatus.FAILED, f"attempt {number}: {error}", number, error)


SYNCED = (
    Attempt("fetch", message="612 articles"),
    Attempt("validate", message="all at or above zero"),
    Attempt("store", message="14 changed"),
)

RUNS = (
    # From the time of the first version; its logs point to that version's steps.
    Run(
        number=1,
        flow=STOCK_SYNC,
        days=60,
        attempts=(Attempt("fetch", message="598 articles"), Attempt("store", message="31 changed")),
        output=(("changed", 31),),
    ),
    Run(number=2, flow=STOCK_SYNC, version=2, days=1, attempts=SYNCED, output=(("changed", 14),)),
    # The warehouse did not answer at first.
    Run(
        number=3,
        flow=STOCK_SYNC,
        version=2,
        days=2,
        attempts=(
            failed("fetch", 1, "timeout"),
            failed("fetch", 2, "bad_gateway"),
            replace(SYNCED[0], number=3),
            *SYNCED[1:],
        ),
        output=(("changed", 2),),
    ),
    # Minus four mugs: every attempt finds the same, and what comes after is skipped.
    Run(
        number=4,
        flow=STOCK_SYNC,
        version=2,
        status=RunStatus.FAILED,
        days=3,
        attempts=(
            Attempt("fetch", message="611 articles"),
            failed("validate", 1, "negative_count"),
            failed("validate", 2, "negative_count"),
            failed("validate", 3, "negative_count"),
            Attempt("store", StepStatus.SKIPPED),
        ),
        error="negative_count",
    ),
    # An order that is being worked on just now.
    Run(
        number=5,
        flow=INVOICE,
        status=RunStatus.RUNNING,
        trigger=TriggerType.EVENT,
        minutes=1.5,
        attempts=(
            Attempt("receive", message="order 1042"),
            Attempt("reserve", message="2 mugs"),
            Attempt("charge", StepStatus.RUNNING),
            Attempt("invoice", StepStatus.PENDING),
        ),
        input=(("order", 1042), ("total", "68.00")),
    ),
    # Nobody has taken this one yet.
    Run(
        number=6,
        flow=INVOICE,
        status=RunStatus.PENDING,
        trigger=TriggerType.API,
        by=MARA,
        minutes=0.2,
        input=(("order", 1043), ("total", "12.50")),
    ),
    Run(
        number=7,
        flow=INVOICE,
        trigger=TriggerType.MANUAL,
        by=MARA,
        days=5,
        attempts=(
            Attempt("receive", message="order 1001"),
            Attempt("charge", message="68.00 EUR"),
            Attempt("reserve", message="1 vase"),
            Attempt("invoice", message="sent"),
        ),
        input=(("order", 1001), ("total", "68.00")),
        output=(("invoice", "2026-0311"),),
    ),
    # The customer changed her mind while the card was being charged.
    Run(
        number=8,
        flow=INVOICE,
        status=RunStatus.CANCELLED,
        trigger=TriggerType.EVENT,
        days=4,
        attempts=(
            Attempt("receive", message="order 1007"),
            Attempt("reserve", message="6 plates"),
            Attempt("charge", StepStatus.CANCELLED, "cancelled by mara"),
        ),
        input=(("order", 1007), ("total", "240.00")),
        cancel_asked=True,
    ),
    # Cancelled before a worker took it: it has an end and no beginning.
    Run(
        number=9,
        flow=INVOICE,
        status=RunStatus.CANCELLED,
        trigger=TriggerType.API,
        by=MARA,
        days=6,
        input=(("order", 998), ("total", "5.00")),
        cancel_asked=True,
    ),
    Run(
        number=10,
        flow=KILN_ALERT,
        version=3,
        trigger=TriggerType.EVENT,
        days=7,
        attempts=(
            Attempt("read", message="1288 °C"),
            Attempt("judge", message="38 °C above the curve"),
            Attempt("call", message="Priya answered"),
        ),
        output=(("answered", True),),
    ),
    # All was well, so nobody was called.
    Run(
        number=11,
        flow=KILN_ALERT,
        version=3,
        trigger=TriggerType.EVENT,
        days=0.5,
        attempts=(
            Attempt("read", message="1250 °C"),
            Attempt("judge", message="on the curve"),
            Attempt("call", StepStatus.SKIPPED),
        ),
        output=(("answered", False),),
    ),
    # Stuck: its worker died three days ago and nobody has noticed.
    Run(
        number=12,
        flow=KILN_ALERT,
        version=3,
        status=RunStatus.RUNNING,
        trigger=TriggerType.EVENT,
        days=3,
        attempts=(Attempt("read", StepStatus.RUNNING),),
    ),
    # Somebody has asked it to stop, and it has not yet.
    Run(
        number=13,
        flow=INVOICE,
        status=RunStatus.RUNNING,
        trigger=TriggerType.MANUAL,
        by=MARA,
        minutes=2,
        attempts=(Attempt("receive", message="order 1041"), Attempt("charge", StepStatus.RUNNING)),
        input=(("order", 1041), ("total", "19.90")),
        cancel_asked=True,
    ),
    # The last of the archived workflow, started by somebody who has left since.
    Run(
        number=14,
        flow=OLD_IMPORT,
        status=RunStatus.FAILED,
        trigger=TriggerType.MANUAL,
        by=JONAS,
        days=101,
        attempts=(failed("read", 1, "no_disk_in_drive"), Attempt("store", StepStatus.SKIPPED)),
        error="no_disk_in_drive",
    ),
)


def run_rows(now: datetime) -> list[Row]:
    """Return the rows of `workflow_runs`."""
    return [_run_row(run, before(now, days=run.days, minutes=run.minutes)) for run in RUNS]


def log_rows(now: datetime) -> list[Row]:
    """Return the rows of `run_step_logs`: attempts of a run follow each other without a pause."""
    return [
        _log_row(run, attempt, _begun_at(run, now) + place * ATTEMPT_LASTS)
        for run in RUNS
        for place, attempt in enumerate(run.attempts)
    ]


def _begun_at(run: Run, now: datetime) -> datetime:
    return before(now, days=run.days, minutes=run.minutes) + QUEUED


def _run_row(run: Run, created_at: datetime) -> Row:
    has_begun = bool(run.attempts)
    finished_at = created_at + QUEUED + len(run.attempts) * ATTEMPT_LASTS if run.status.is_terminal else None
    started_at = created_at + QUEUED if has_begun else None
    return {
        "id": seed_id(Kind.RUN, run.number),
        "workflow_id": seed_id(Kind.WORKFLOW, run.flow),
        "workflow_version": run.version,
        "status": run.status,
        "trigger_type": run.trigger,
        "triggered_by": None if run.by is None else seed_id(Kind.USER, run.by),
        "input": dict(run.input),
        "output": None if run.output is None else dict(run.output),
        "error": None if run.error is None else {"code": run.error},
        "started_at": started_at,
        "finished_at": finished_at,
        "cancel_requested_at": (finished_at or created_at + 2 * QUEUED) - QUEUED / 2 if run.cancel_asked else None,
        "lock_version": 1 + has_begun + run.status.is_terminal,
        "created_at": created_at,
        "updated_at": finished_at or started_at or created_at,
    }


def _log_row(run: Run, attempt: Attempt, begun_at: datetime) -> Row:
    never_began = attempt.status in {StepStatus.PENDING, StepStatus.SKIPPED}
    finished_at = begun_at + ATTEMPT_LASTS if attempt.status.is_terminal else None
    return {
        "run_id": seed_id(Kind.RUN, run.number),
        "step_id": seed_id(Kind.STEP, step_number(run.flow, run.version, _position(run, attempt.key))),
        "step_key": attempt.key,
        "attempt": attempt.number,
        "status": attempt.status,
        "input": {},
        "output": {"ok": True} if attempt.status is StepStatus.COMPLETED else None,
        "error": None if attempt.error is None else {"code": attempt.error},
        "message": attempt.message,
        "started_at": None if never_began else begun_at,
        "finished_at": finished_at,
        "created_at": begun_at,
        "updated_at": finished_at or begun_at,
    }


def _position(run: Run, key: str) -> int:
    """Find a step of the version that the run started with."""
    steps = next(flow for flow in FLOWS if flow.number == run.flow).versions[run.version - 1]
    return [step.key for step in steps].index(key)
