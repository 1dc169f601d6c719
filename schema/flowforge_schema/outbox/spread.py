"""Whether the server is of a kind that spreads rows over several, so that no statement may lock rows of more than one shard."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_NOTE = "flowforge_is_spread"
# A setting of the engine's own, which there is from the server's start, or never: what was once asked holds as long as the connection.
_ASK = text("SELECT current_setting('citus.shard_count', true) IS NOT NULL")


def is_spread(session: Session) -> bool:
    """Whether rows may lie on several servers; asked once on each connection."""
    connection = session.connection()
    if _NOTE not in connection.info:
        connection.info[_NOTE] = bool(connection.scalar(_ASK))
    return bool(connection.info[_NOTE])
