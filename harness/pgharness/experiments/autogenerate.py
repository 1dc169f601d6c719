"""Asks Alembic's autogenerate what it would draft: at the heads, and for an empty database as a whole new chain."""

from __future__ import annotations

import tempfile

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.chain.conversation import Drafted, converse
from pgharness.chain.messages import UP
from pgharness.experiments.experiment import Experiment, Site
from pgharness.experiments.models import prepare_like
from pgharness.findings import CannotRun
from pgharness.records.experiments import DraftRecord
from pgharness.records.steps import Failure


def try_autogenerate(site: Site) -> DraftRecord | None:
    """Ask for the operations that are pending at the heads, then draft and run a whole chain; None where env.py names no models.

    What goes wrong on the way is the verdict, so it is recorded and not raised.
    """
    asked = _pending(site)
    if asked is None:
        return None
    try:
        snapshot, failure = _draft_and_run(site)
    except CannotRun as reason:
        snapshot, failure = None, _failure_of(reason)
    return DraftRecord(asked.found, snapshot, failure, asked.failure, asked.untold, asked.left_out)


def _pending(site: Site) -> Drafted | None:
    if site.at_heads is None:
        return Drafted(
            (), untold="Alembic's own comparison was not made: no second database can be brought to the heads here"
        )
    try:
        with converse(site.project, site.at_heads) as conversation:
            return conversation.pending_operations()
    except CannotRun as reason:
        return Drafted((), _failure_of(reason))


def _draft_and_run(site: Site) -> tuple[Snapshot | None, Failure | None]:
    """Let autogenerate write a whole chain into a folder of its own, run it on an empty database, and read the catalog."""
    with (
        tempfile.TemporaryDirectory(prefix="pgharness-draft-") as folder,
        site.databases.experiment("draft") as database,
        database.connect() as observer,
    ):
        prepare_like(observer, site.head)
        with converse(site.project, database, versions_folder=folder) as conversation:
            drafted = conversation.write_draft() or Drafted(())
            failure = drafted.failure
            for step in conversation.steps([(revision, UP) for revision in drafted.found], apart=False):
                failure = step.failure
            if failure is not None:
                return None, failure
            snapshot = Reader(observer, leave_out=(conversation.version_table,)).read()
    return site.in_words_of_head(snapshot.declared_beside(site.head)), None


def _failure_of(reason: CannotRun) -> Failure:
    return Failure("CannotRun", f"{reason.what} {reason.seen}")


EXPERIMENT = Experiment("draft", try_autogenerate)
