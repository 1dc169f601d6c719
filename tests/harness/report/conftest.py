"""What the tests of the reports share: one chain, walked once."""

from __future__ import annotations

import pytest

from pgharness.chain.agent import Agent
from pgharness.running import Run
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import write_chain
from tests.harness.report.making import WALKED
from tests.harness.runs import run_with


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, pg_server: Server, agent: Agent) -> Run:
    """Return the run of a chain whose names are markup."""
    ini = write_chain(tmp_path_factory.mktemp("walked") / "chain", WALKED)
    settings = load_settings(None, alembic=ini, only=("upgrade", "locks", "roundtrip"))
    return run_with(settings, pg_server, agent)
