"""What the outbox's tests share: the outbox of the test's own database."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from tests.schema.outbox.outboxes import Outbox


@pytest.fixture
def outbox(engine: AsyncEngine) -> Outbox:
    """Return the outbox of the test's own database."""
    return Outbox(async_sessionmaker(engine, expire_on_commit=False))
