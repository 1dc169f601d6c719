"""Asks Alembic what `alembic check` would say at the heads, and what env.py leaves out of it."""

from __future__ import annotations

from pgharness.chain.conversation import Drafted, converse
from pgharness.experiments.experiment import Experiment, Site
from pgharness.findings import CannotRun
from pgharness.records.experiments import ComparisonRecord
from pgharness.records.steps import Failure


def ask_alembic(site: Site) -> ComparisonRecord | None:
    """Ask for the operations that are pending at the heads; None where env.py names no models.

    What goes wrong on the way is the verdict, so it is recorded and not raised.
    """
    asked = _pending(site)
    return None if asked is None else ComparisonRecord(asked.found, asked.failure, asked.untold, asked.left_out)


def _pending(site: Site) -> Drafted | None:
    if site.at_heads is None:
        return Drafted(
            (), untold="Alembic's own comparison was not made: no second database can be brought to the heads here"
        )
    try:
        with converse(site.project, site.at_heads) as conversation:
            return conversation.pending_operations()
    except CannotRun as reason:
        return Drafted((), Failure("CannotRun", f"{reason.what} {reason.seen}"))


EXPERIMENT = Experiment("comparison", ask_alembic)
