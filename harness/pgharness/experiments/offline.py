"""Lets Alembic write the chain as SQL, and runs that as psql would."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.course import tips
from pgharness.chain.deployment import deploy
from pgharness.chain.script import Script, write_sql
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.experiments.psql import run_as_psql
from pgharness.experiments.written_rows import Written, read_written
from pgharness.findings import CannotRun
from pgharness.records.modes import OtherRows, ScriptRun
from pgharness.records.revisions import Revision
from pgharness.servers import Connection

# As Alembic makes it, wherever env.py puts it.
_VERSION_TABLE = re.compile(r"CREATE TABLE (\S+) \(\s+version_num VARCHAR")


def try_script(site: Site, upgraded: Written | None, given: Collection[str] = ()) -> ScriptRun:
    """Write and run the script on an empty database; what has no offline mode claims to have no script, and is not asked for one.

    `upgraded` is what an upgrade has written into tables, where one was made already. It begins behind the revisions that are `given`, of which
    nobody asks for a script.
    """
    text = Path(site.project.env_py).read_text(encoding="utf-8", errors="replace")
    if "is_offline_mode" not in text:
        return ScriptRun()
    begun = tips(site.project.chain, frozenset(given))
    if (untried := _why_none(text, begun)) is not None:
        return ScriptRun(untried=untried)
    with site.databases.experiment("offline") as database:
        try:
            script = write_sql(site.project, database, begun[0].revision if begun else "")
        except CannotRun as reason:
            return ScriptRun(untried=f"no script can be written: {reason.what} {reason.seen}")
        if (nothing := _nothing_to_run(script)) is not None:
            return nothing
        run_baseline(database, site.settings)
        as_written = _run(site, database, script, upgraded)
    if "paramstyle" in text:
        return as_written
    return _without_doubled_percents(site, script, upgraded, as_written)


def _why_none(env_py: str, begun: Sequence[Revision]) -> str | None:
    """Return why no script is asked for, where none is."""
    if "open(" in env_py or "output_buffer" in env_py:
        return "env.py writes its script to files of its own"
    if len(begun) > 1:
        return "the baseline ends at several revisions, and `alembic upgrade --sql` begins at one"
    return None


def _nothing_to_run(script: Script) -> ScriptRun | None:
    """Return why there is no script, where there is none."""
    if script.failure is not None:
        return ScriptRun(revision=script.revision, refusal=script.failure)
    if not any(revision for revision, _ in script.parts):
        return ScriptRun(untried="env.py runs no migrations in its offline mode")
    return None


def _without_doubled_percents(site: Site, script: Script, upgraded: Written | None, as_written: ScriptRun) -> ScriptRun:
    """Run the script again with one percent sign where Alembic has written two, so that what it has doubled hides nothing else."""
    doubled = tuple(one for one, sql in script.parts if "%%" in sql)
    if not doubled:
        return as_written
    parts = tuple((revision, sql.replace("%%", "%")) for revision, sql in script.parts)
    with site.databases.experiment("offline_once") as database:
        run_baseline(database, site.settings)
        once = _run(site, database, replace(script, parts=parts), upgraded)
    if as_written.failure is not None:
        return replace(as_written, doubled=doubled if once.failure is None else ())
    same = once.snapshot == as_written.snapshot and once.rows == as_written.rows
    return as_written if same or once.snapshot is None else replace(once, doubled=doubled)


def _run(site: Site, database: Database, script: Script, upgraded: Written | None) -> ScriptRun:
    with database.connect() as connection:
        for revision, sql in script.parts:
            failure = run_as_psql(connection, sql)
            if failure is not None:
                return ScriptRun(revision=revision, failure=failure)
    with converse(site.project, database) as conversation:
        version_table = conversation.version_table
    with database.connect() as observer:
        elsewhere = _version_tables_of(observer, script) - {version_table}
        snapshot = site.in_words_of_head(take_snapshot(observer, leave_out=(version_table, *elsewhere)))
        written = read_written(observer, version_table)
    scripted = {key: value for key, value in written.items() if key[0] not in elsewhere}
    tables = (*sorted(elsewhere), version_table) if elsewhere else ()
    return ScriptRun(snapshot, rows=_other_rows(site, version_table, scripted, upgraded), version_tables=tables)


def _version_tables_of(observer: Connection, script: Script) -> set[str]:
    """Return the tables in which the script keeps the revision, qualified and quoted as PostgreSQL prints them."""
    names = {name for _, sql in script.parts for name in _VERSION_TABLE.findall(sql)}
    query = "SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE pg_class.oid = to_regclass(%s)"
    found = (observer.execute(query, (name,)).fetchone() for name in names)
    return {str(row[0]) for row in found if row is not None}


def _other_rows(site: Site, version_table: str, scripted: Written, upgraded: Written | None) -> tuple[OtherRows, ...]:
    """Return what the script has written otherwise than an upgrade; what two upgrades write differently comes of the clock or of chance."""
    found = _unlike(scripted, upgraded if upgraded is not None else _upgraded(site, version_table))
    if not found:
        return ()
    again = _unlike(scripted, _upgraded(site, version_table))
    return tuple(one for one in found if one in again)


def _unlike(scripted: Written, upgraded: Written) -> list[OtherRows]:
    keys = sorted(scripted.keys() | upgraded.keys(), key=lambda key: (key[0], key[1] or ""))
    unlike = (key for key in keys if scripted.get(key) != upgraded.get(key))
    return [OtherRows(*key, upgraded.get(key, "0"), scripted.get(key, "0")) for key in unlike]


def _upgraded(site: Site, version_table: str) -> Written:
    with site.databases.experiment("upgraded") as database:
        run_baseline(database, site.settings)
        deploy(site.project, database, site.project.chain.targets)
        with database.connect() as observer:
            return read_written(observer, version_table)
