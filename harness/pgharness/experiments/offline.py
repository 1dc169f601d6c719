"""Lets Alembic write the chain as SQL, and runs that as psql would."""

from __future__ import annotations

from pathlib import Path

from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.script import Script, write_sql
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.experiments.psql import run_as_psql
from pgharness.findings import CannotRun
from pgharness.records.modes import ScriptRun


def try_script(site: Site) -> ScriptRun:
    """Write and run the script on an empty database; what has no script, or writes it to a file of its own, is not asked for one."""
    text = Path(site.project.env_py).read_text(encoding="utf-8", errors="replace")
    if "is_offline_mode" not in text:
        return ScriptRun(untried="env.py has no offline mode (context.is_offline_mode())")
    if "open(" in text or "output_buffer" in text:
        return ScriptRun(untried="env.py writes its script to files of its own")
    with site.databases.experiment("offline") as database:
        try:
            script = write_sql(site.project, database)
        except CannotRun as reason:
            return ScriptRun(untried=f"no script can be written: {reason.what} {reason.seen}")
        if script.failure is not None:
            return ScriptRun(revision=script.revision, refusal=script.failure)
        run_baseline(database, site.settings)
        return _run(site, database, script)


def _run(site: Site, database: Database, script: Script) -> ScriptRun:
    with database.connect() as connection:
        for revision, sql in script.parts:
            failure = run_as_psql(connection, sql)
            if failure is not None:
                return ScriptRun(revision=revision, failure=failure)
    with converse(site.project, database) as conversation:
        version_table = conversation.version_table
    with database.connect() as observer:
        return ScriptRun(site.in_words_of_head(take_snapshot(observer, leave_out=(version_table,))))
