"""What a server says of itself when first asked."""

from __future__ import annotations

from pgharness.findings import CannotRun
from pgharness.servers.server import OLDEST_VERSION_NUMBER, Connection


def probe(connection: Connection) -> tuple[str, int, bool]:
    """Give version, version number, and whether the server flushes to disk. Raises CannotRun when it is too old."""
    row = connection.execute(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
        "current_setting('fsync')::bool"
    ).fetchone()
    assert row is not None
    version, number, fsync = str(row[0]).split()[0], int(row[1]), bool(row[2])
    if number < OLDEST_VERSION_NUMBER:
        raise CannotRun(
            "The server is too old.",
            seen=f"PostgreSQL {version}",
            mend="use PostgreSQL 15 or later",
        )
    return version, number, fsync
