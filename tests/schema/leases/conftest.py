"""What the leases' tests share: the runs of the test's own database."""

from __future__ import annotations

import pytest

from flowforge_schema import Database
from tests.schema.leases.leaseholders import Runs


@pytest.fixture
def runs(database: Database) -> Runs:
    """Give the runs of the test's own database."""
    return Runs(database)
