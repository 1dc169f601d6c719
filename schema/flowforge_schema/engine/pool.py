"""The pool of connections: exhausted, it raises this layer's error; after a failover, it leaves the old primary."""

from __future__ import annotations

import time

from sqlalchemy.exc import TimeoutError  # noqa: A004 - the one of the pool
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection

from flowforge_schema.errors import translate


class TranslatingPool(AsyncAdaptedQueuePool):
    """A pool that raises this layer's error when it is exhausted; the wait is not part of any connection's life."""

    def connect(self) -> PoolProxiedConnection:
        """Take a connection, waiting as long as `pool_timeout_s`; a failure to make one is the engine's to translate."""
        try:
            return super().connect()
        except TimeoutError as error:
            raise translate(error) from error

    def replace_connections(self) -> None:
        """Let every connection that was made until now be replaced when it is next taken; those in use go on."""
        self._invalidate_time = time.time()
