"""What pytest-alembic itself tests, on a database of each test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_alembic.config import Config
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Engine, NullPool, create_engine

from pgharness.databases import Database

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_config(pytestconfig: pytest.Config) -> Config:
    return Config(config_options={"file": str(pytestconfig.rootpath / "alembic.ini")})


@pytest.fixture
def alembic_engine(empty_database: Database) -> Iterator[Engine]:
    engine = create_engine(empty_database.url, poolclass=NullPool)
    yield engine
    engine.dispose()
