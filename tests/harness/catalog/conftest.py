"""What the catalog's tests share: a server of each major version, and each drift tried once on each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.catalog.drifting import DRIFTS
from tests.harness.catalog.serving import MAJORS, WHERE_TO_GET, Major, binaries_of, running
from tests.harness.catalog.trying import Bench, Trial

# With it, every claim is tried on every version. Without it the dear claims (a dump, a script, a mend each) are tried on the newest alone,
# and take turns: each drift is tried by one of them.
EVERYTHING = os.environ.get("PGHARNESS_CATALOG_TESTS") == "all"
DEAR_CLAIMS = 3


def pytest_configure(config: pytest.Config) -> None:
    """Name our marker."""
    config.addinivalue_line("markers", "every_major: cheap enough to be tried on every PostgreSQL version each time")
    config.addinivalue_line("markers", "turn(number): a dear claim, tried on each third drift, beginning with this one")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test with every version, or the newest; and each drift on each version that knows it."""
    majors = MAJORS if EVERYTHING or metafunc.definition.get_closest_marker("every_major") else MAJORS[:1]
    if "trial" in metafunc.fixturenames:
        turn = metafunc.definition.get_closest_marker("turn")
        drifts = DRIFTS if EVERYTHING or turn is None else DRIFTS[turn.args[0] :: DEAR_CLAIMS]
        pairs = [(major, drift) for major in majors for drift in drifts if drift.since <= major]
        ids = [f"{major}-{drift.name}" for major, drift in pairs]
        metafunc.parametrize("trial", pairs, indirect=True, ids=ids, scope="session")
    elif "major" in metafunc.fixturenames:
        metafunc.parametrize("major", majors, indirect=True, ids=str, scope="session")


@pytest.fixture(scope="session")
def benches() -> Iterator[Callable[[int], Bench]]:
    """Yield the bench of a major version, its server started when it is first asked for."""
    with ExitStack() as stack:
        opened: dict[int, Bench] = {}

        def bench_of(number: int) -> Bench:
            if number not in opened:
                opened[number] = Bench(stack.enter_context(running(number, _binaries(number))))
            return opened[number]

        yield bench_of


@pytest.fixture(scope="session")
def trial(request: pytest.FixtureRequest, benches: Callable[[int], Bench]) -> Trial:
    """Return one drift, tried on one version; skipped where this build cannot have what the drift needs."""
    number, drift = request.param
    bench = benches(number)
    if drift.needs and drift.needs not in bench.major.features:
        pytest.skip(f"this build of PostgreSQL {number} has no {drift.needs}")
    return bench.trial(drift)


@pytest.fixture(scope="session")
def major(request: pytest.FixtureRequest, benches: Callable[[int], Bench]) -> Major:
    """Return a server of one major version."""
    return benches(request.param).major


@pytest.fixture(scope="session")
def bench(major: Major, benches: Callable[[int], Bench]) -> Bench:
    """Return the bench of the same version."""
    return benches(major.number)


def _binaries(number: int) -> Path:
    """Return a version's programs; without them the test is skipped and says so, in CI it fails."""
    binaries = binaries_of(number)
    if binaries is None:
        reason = f"PostgreSQL {number} is not here, so NOTHING is tried on it: {WHERE_TO_GET[number]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return binaries
