"""Databases that dead runs left on a server; those of live runs, kept ones, and anybody else's are never touched."""

from __future__ import annotations

import contextlib

import psycopg

from pgharness.databases.create_and_drop import drop_database
from pgharness.databases.names import KEPT, template_prefix
from pgharness.databases.template import drop_unused_template
from pgharness.findings import CannotRun
from pgharness.servers import Connection, Server

# A run holds a session named after its token while it uses its databases. The application name of a session is visible
# to those who have the rights of its role, and these are also the only ones who may drop its databases.
_ABANDONED = r"""
SELECT database.datname
FROM pg_catalog.pg_database AS database
WHERE database.datname ~ '^pgharness_[0-9a-f]{8}_'
  AND pg_catalog.pg_has_role(database.datdba, 'USAGE')
  AND pg_catalog.shobj_description(database.oid, 'pg_database') IS DISTINCT FROM %s
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity AS activity
    WHERE activity.application_name = 'pgharness ' || pg_catalog.substr(database.datname, 11, 8)
  )
ORDER BY database.datname
"""

_TEMPLATES = """
SELECT datname
FROM pg_catalog.pg_database
WHERE pg_catalog.starts_with(datname, %s) AND pg_catalog.pg_has_role(datdba, 'USAGE')
ORDER BY datname
"""


def sweep_databases(session: Connection, server: Server) -> None:
    """Drop the databases of dead runs; a server of our own is too young to have any."""
    if server.is_ours:
        return
    for (name,) in session.execute(_ABANDONED, [KEPT]).fetchall():
        with contextlib.suppress(psycopg.Error, CannotRun):  # another run sweeps too, or somebody looks at it
            drop_database(session, name)
    for (name,) in session.execute(_TEMPLATES, [template_prefix(server.url.database)]).fetchall():
        with contextlib.suppress(psycopg.Error, CannotRun):
            drop_unused_template(session, name)
