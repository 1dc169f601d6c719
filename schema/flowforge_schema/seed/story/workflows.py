"""What Kiln & Clay automates: workflows, their versions and the steps of each, one archived and one still a draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowforge_schema.seed.story.people import MARA, PRIYA, TOMAS
from flowforge_schema.seed.story.rows import Kind, Row, before, seed_id

STOCK_SYNC, INVOICE, KILN_ALERT, WELCOME, OLD_IMPORT, NEW_IMPORT = range(1, 7)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a version, in its order; `after` names the keys that it waits for."""

    key: str
    name: str
    step_type: str
    after: tuple[str, ...] = ()
    config: tuple[tuple[str, Any], ...] = ()
    max_attempts: int = 1
    timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A workflow: the steps of each version, first version first."""

    number: int
    owner: int
    name: str
    description: str | None
    made_days: float
    changed_days: float
    versions: tuple[tuple[Step, ...], ...]
    is_enabled: bool = True
    archived_days: float | None = None
    settings: tuple[tuple[str, Any], ...] = ()


FETCH_STOCK = Step("fetch", "Fetch the warehouse's counts", "http", config=(("system", "warehouse"),), max_attempts=3)
STORE_STOCK = Step("store", "Write them to the shop", "sql", after=("fetch",), timeout_seconds=120)
STORE_VALID_STOCK = Step("store", "Write them to the shop", "sql", after=("validate",), timeout_seconds=120)
VALIDATE_STOCK = Step("validate", "Refuse counts below zero", "script", after=("fetch",), max_attempts=3)

READ_KILN = Step("read", "Read the kiln's thermometer", "http", max_attempts=5, timeout_seconds=10)
JUDGE_KILN = Step("judge", "Compare with the firing curve", "script", after=("read",))
CALL_POTTER = Step("call", "Call whoever is on duty", "phone", after=("judge",), max_attempts=3)

READ_SUPPLIER = Step("read", "Read the supplier's file", "file")
STORE_SUPPLIER = Step("store", "Write the prices", "sql", after=("read",))

FLOWS = (
    # The second version came after a night on which the warehouse sent -4 mugs. Runs of the first keep its steps.
    Flow(
        number=STOCK_SYNC,
        owner=TOMAS,
        name="Nightly stock sync",
        description="Brings the warehouse's counts into the shop each night.",
        made_days=370,
        changed_days=50,
        versions=((FETCH_STOCK, STORE_STOCK), (FETCH_STOCK, VALIDATE_STOCK, STORE_VALID_STOCK)),
        settings=(("cron", "15 2 * * *"),),
    ),
    # Charging and reserving go on side by side; the invoice waits for both.
    Flow(
        number=INVOICE,
        owner=MARA,
        name="Order to invoice",
        description="Charges the card, reserves the goods, sends the invoice.",
        made_days=360,
        changed_days=360,
        versions=(
            (
                Step("receive", "Receive the order", "webhook"),
                Step("charge", "Charge the card", "http", after=("receive",), max_attempts=2, timeout_seconds=30),
                Step("reserve", "Reserve the goods", "sql", after=("receive",)),
                Step("invoice", "Send the invoice", "email", after=("charge", "reserve"), max_attempts=5),
            ),
        ),
    ),
    Flow(
        number=KILN_ALERT,
        owner=PRIYA,
        name="Kiln temperature alert",
        description=None,
        made_days=200,
        changed_days=120,
        versions=((READ_KILN, CALL_POTTER), (READ_KILN, JUDGE_KILN), (READ_KILN, JUDGE_KILN, CALL_POTTER)),
        settings=(("quiet_hours", ["22:00", "06:00"]),),
    ),
    # A draft: made this week, switched off, never run.
    Flow(
        number=WELCOME,
        owner=PRIYA,
        name="Welcome a new customer",
        description="",
        made_days=4,
        changed_days=3,
        versions=((Step("write", "Write the letter", "template"),),),
        is_enabled=False,
    ),
    # Archived, so that the one after it may have the same name.
    Flow(
        number=OLD_IMPORT,
        owner=TOMAS,
        name="Supplier import",
        description="From the supplier's files on a floppy disk.",
        made_days=365,
        changed_days=100,
        versions=((READ_SUPPLIER, STORE_SUPPLIER),),
        archived_days=100,
    ),
    Flow(
        number=NEW_IMPORT,
        owner=TOMAS,
        name="Supplier import",
        description="From the supplier's web service.",
        made_days=99,
        changed_days=99,
        versions=((READ_SUPPLIER, STORE_SUPPLIER),),
    ),
)


def step_number(flow: int, version: int, position: int) -> int:
    """Return the number of a step, from which its id is made."""
    return flow * 10_000 + version * 100 + position


def workflow_rows(now: datetime) -> list[Row]:
    """Return the rows of `workflows`."""
    return [
        {
            "id": seed_id(Kind.WORKFLOW, flow.number),
            "owner_id": seed_id(Kind.USER, flow.owner),
            "name": flow.name,
            "description": flow.description,
            "is_enabled": flow.is_enabled,
            "version": len(flow.versions),
            "settings": dict(flow.settings),
            "archived_at": None if flow.archived_days is None else before(now, days=flow.archived_days),
            "lock_version": len(flow.versions),
            "created_at": before(now, days=flow.made_days),
            "updated_at": before(now, days=flow.changed_days),
        }
        for flow in FLOWS
    ]


def step_rows(now: datetime) -> list[Row]:
    """Return the rows of `workflow_steps`, those of old versions too."""
    return [
        {
            "id": seed_id(Kind.STEP, step_number(flow.number, version, position)),
            "workflow_id": seed_id(Kind.WORKFLOW, flow.number),
            "workflow_version": version,
            "key": step.key,
            "name": step.name,
            "step_type": step.step_type,
            "position": position,
            "depends_on": list(step.after),
            "config": dict(step.config),
            "max_attempts": step.max_attempts,
            "timeout_seconds": step.timeout_seconds,
            "created_at": before(now, days=flow.made_days if version == 1 else flow.changed_days),
            "updated_at": before(now, days=flow.made_days if version == 1 else flow.changed_days),
        }
        for flow in FLOWS
        for version, steps in enumerate(flow.versions, start=1)
        for position, step in enumerate(steps)
    ]
