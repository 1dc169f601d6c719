"""Runs under a lease: a worker picks one up, keeps it by heartbeats, ends it; that of a worker that died is picked up again.

Every pick-up has a number, the attempt. Only who holds the present one can write: a worker that was late gets LeaseLostError.
"""

from __future__ import annotations

from flowforge_schema.leases.cancelling import request_cancel
from flowforge_schema.leases.deadlines import DEADLINE_EXCEEDED
from flowforge_schema.leases.ending import finish_run, retry_run
from flowforge_schema.leases.floor import RunFloor
from flowforge_schema.leases.held import HeldRun
from flowforge_schema.leases.holding import heartbeat, hold_lease
from flowforge_schema.leases.picking_up import pick_up_runs

__all__ = [
    "DEADLINE_EXCEEDED",
    "HeldRun",
    "RunFloor",
    "finish_run",
    "heartbeat",
    "hold_lease",
    "pick_up_runs",
    "request_cancel",
    "retry_run",
]
