"""Lets the tests of hazards run on the session's server in the gate, and with PGHARNESS_VERSIONS=all (`nox -s versions`) on each PostgreSQL at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pgharness.databases import Databases
from tests.harness.catalog.serving import MAJORS, WHERE_TO_GET, binaries_of, running

ALL = os.environ.get("PGHARNESS_VERSIONS") == "all"


@pytest.fixture(scope="session", params=MAJORS if ALL else [None], ids=lambda major: f"postgresql{major or ''}")
def pg_databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Yield the databases of a server of each major version in turn, else those of the session's server."""
    if request.param is None:
        yield request.getfixturevalue("pg_databases")
        return
    binaries = binaries_of(request.param)
    if binaries is None:
        pytest.skip(f"hazards are NOT PROVED on PostgreSQL {request.param}: {WHERE_TO_GET[request.param]}")
    with running(request.param, binaries) as major:
        yield major.databases
