"""Brings a database to a revision of the chain that this package carries, and says where it stands.

Synchronous on purpose: an asynchronous caller uses `asyncio.to_thread(upgrade, settings)`. This is the only package that
imports Alembic.
"""

from __future__ import annotations

from flowforge_schema.migrate.checking import check
from flowforge_schema.migrate.connecting import Target
from flowforge_schema.migrate.messages import MigrationError, say_invalid
from flowforge_schema.migrate.running import Patience, Tell, downgrade, upgrade
from flowforge_schema.migrate.status import SchemaStatus, current, refuse_unknown

__all__ = [
    "MigrationError",
    "Patience",
    "SchemaStatus",
    "Target",
    "Tell",
    "check",
    "current",
    "downgrade",
    "refuse_unknown",
    "say_invalid",
    "upgrade",
]
