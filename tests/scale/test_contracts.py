"""The contracts on a distributed database: requests that schemathesis makes are answered as they are on one server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from flowforge_schema import DatabaseSettings
from tests.schema.contracts.conftest import contract_app, rows, tables
from tests.schema.contracts.test_contracts_fuzzing import drive

# pytest finds fixtures by these names.
__all__ = ["contract_app", "rows", "tables"]

REQUESTS = int(os.environ.get("FLOWFORGE_CONTRACT_REQUESTS", "1000"))


@dataclass(frozen=True)
class Coordinator:
    """The database of the cluster, for what asks for one of its own."""

    url: URL

    def connect(self) -> psycopg.Connection[Any]:
        """Open a plain connection."""
        return psycopg.connect(self.url.set(drivername="postgresql").render_as_string(hide_password=False))


@pytest.fixture(scope="module")
def own_database(spread: DatabaseSettings) -> Coordinator:
    """Return the distributed database."""
    return Coordinator(make_url(spread.url.get_secret_value()))


def test_every_request_is_answered_as_the_contract_says(
    contract_app: Any, tables: Any, rows: Any, figure: Callable[[str], None]
) -> None:
    run = drive(contract_app, tables, rows, requests=REQUESTS)

    figure(f"{run.requests} requests, {len(run.wrong)} answered wrongly: {run.by_status()}")
    assert run.wrong == []
    # Whether a row is changed that was made before is left to chance where requests are few.
    assert {f"POST /{name}" for name in tables} <= run.operations(201)
