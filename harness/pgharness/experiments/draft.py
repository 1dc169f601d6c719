"""Lets Alembic's autogenerate draft a whole new chain for an empty database, and runs it."""

from __future__ import annotations

from pathlib import Path

from pgharness.catalog.incremental_reader import Reader
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.experiments.experiment import Experiment, Site
from pgharness.experiments.models import prepare_like
from pgharness.findings import CannotRun
from pgharness.records.experiments import DraftRecord
from pgharness.records.steps import Failure
from pgharness.servers.private_folder import private_folder


def try_draft(site: Site) -> DraftRecord | None:
    """Draft and run a whole chain; None where env.py names no models.

    What goes wrong on the way is the verdict, so it is recorded and not raised.
    """
    try:
        return _draft_and_run(site)
    except CannotRun as reason:
        return DraftRecord(None, Failure("CannotRun", f"{reason.what} {reason.seen}"))


def _draft_and_run(site: Site) -> DraftRecord | None:
    """Let autogenerate write a whole chain into a folder of its own, run it on an empty database, and read the catalog."""
    with (
        private_folder() as folder,
        site.databases.experiment("draft") as database,
        database.connect() as observer,
    ):
        prepare_like(observer, site.head)
        with converse(site.project, database, versions_folder=folder) as conversation:
            drafted = conversation.write_draft()
            if drafted is None:
                return None
            failure = drafted.failure
            for step in conversation.steps([(revision, UP) for revision in drafted.found], apart=False):
                failure = step.failure
            if failure is not None:
                has_template = Path(site.project.env_py).with_name("script.py.mako").is_file()
                return DraftRecord(None, failure, has_template)
            snapshot = Reader(observer, leave_out=(conversation.version_table,)).read()
    return DraftRecord(site.in_words_of_head(snapshot.declared_beside(site.head)))


EXPERIMENT = Experiment("draft", try_draft)
