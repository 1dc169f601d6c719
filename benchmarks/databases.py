"""How long a test waits for a fresh, isolated, migrated database: our pool beside pytest-postgresql's template fixtures.

`python benchmarks/databases.py [--tests 100] [--rounds 3]`. Both run this repository's chain in pytest, one after the other,
in processes of their own, with the same programs and settings and their data in the same place. Each test inserts one row
through a session of its own and then asks queries for as long as is said, as a test would; the pool makes the next database
meanwhile. Figures are medians; what a test waits for is its set-up, call and tear-down without that time and without the
first test's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgharness.servers.embedded.account import Account, server_account
from pgharness.servers.embedded.binaries import Binaries, find_binaries, reachable_binaries
from pgharness.servers.embedded.run_folder import base_folders
from pgharness.servers.server import THROWAWAY_SETTINGS

ROOT = Path(__file__).resolve().parents[1]

# How long the test itself works: not at all, and as long as a quick test of an API does.
BODIES_MS = (0, 20)

CONFTEST = """\
import json
import os
import time

import pytest

log = open(os.environ["BENCH_LOG"], "a", buffering=1)


def pytest_runtest_logreport(report):
    print(json.dumps({"test": report.nodeid, "when": report.when, "seconds": report.duration}), file=log)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    started = time.perf_counter()
    result = yield
    print(json.dumps({"fixture": fixturedef.argname, "seconds": time.perf_counter() - started}), file=log)
    return result
"""

WORK = """\
import time

import pytest


def work(connection):
    until = time.perf_counter() + {body_ms} / 1000
    connection.execute("INSERT INTO users (email) VALUES ('ada@example.org')")
    while time.perf_counter() < until:
        connection.execute("SELECT count(*) FROM users")

"""

OURS = """

@pytest.mark.parametrize("number", range({tests}))
def test_insert(migrated_database, number):
    with migrated_database.connect() as connection:
        work(connection)
"""

THEIRS = """
from alembic import command
from alembic.config import Config
from pytest_postgresql import factories
from sqlalchemy import NullPool, create_engine


def migrate(*, host, port, user, dbname, password=None, **_rest):
    engine = create_engine(f"postgresql+psycopg://{{user}}@{{host}}:{{port}}/{{dbname}}", poolclass=NullPool)
    with engine.connect() as connection:
        config = Config({alembic_ini!r})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


server = factories.postgresql_proc(
    executable={pg_ctl!r}, postgres_options={options!r}, unixsocketdir={socket!r}, load=[migrate] if {tests} > 1 else []
)
database = factories.postgresql("server")


@pytest.mark.parametrize("number", range({tests}))
def test_insert(database, number):
    if {tests} > 1:
        work(database)
"""


@dataclass(frozen=True)
class Place:
    """Where a round runs, with which programs, under which account."""

    folder: Path
    account: Account
    binaries: Binaries


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    account = server_account()
    cold: list[float] = []
    bare: list[float] = []
    waits: dict[tuple[str, int], list[float]] = {(who, body): [] for body in BODIES_MS for who in ("ours", "theirs")}
    for number in range(asked.rounds):
        print(f"round {number + 1} of {asked.rounds}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=base_folders()[0]) as name:
            place = Place(Path(name), account, reachable_binaries(find_binaries(), account))
            place.account.give(place.folder)
            place.folder.chmod(0o755)
            cold.append(_first_test(_run(place, "cold", _ours(1, 0))))
            bare.append(_fixture(_run(place, "bare", _theirs(place, 1, 0)), "server"))
            for body in BODIES_MS:
                waits["ours", body].append(_wait(_run(place, f"ours_{body}", _ours(asked.tests, body)), body))
                waits["theirs", body].append(
                    _wait(_run(place, f"theirs_{body}", _theirs(place, asked.tests, body)), body)
                )
    _tell(asked, waits, cold, bare)


def _pg_ctl(place: Place) -> str:
    """Return pg_ctl, as root one that runs under the server's account: PostgreSQL refuses root, and so pytest-postgresql."""
    program = place.binaries.program("pg_ctl")
    if not place.account.is_switched:
        return program
    wrapper = place.folder / "pg_ctl"
    user = f"--reuid={place.account.uid} --regid={place.account.gid} --clear-groups"
    folders = " ".join(
        str(place.folder / name / "temp") for name in ("bare", *(f"theirs_{body}" for body in BODIES_MS))
    )
    given = f"chown -R {place.account.uid} {folders} 2>/dev/null\n"
    wrapper.write_text(f'#!/bin/sh\n{given}exec setpriv {user} {program} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    return str(wrapper)


def _ours(tests: int, body_ms: int) -> str:
    return WORK.format(body_ms=body_ms) + OURS.format(tests=tests)


def _theirs(place: Place, tests: int, body_ms: int) -> str:
    options = " ".join(f"-c {name}={value}" for name, value in THROWAWAY_SETTINGS.items())
    return WORK.format(body_ms=body_ms) + THEIRS.format(
        alembic_ini=str(ROOT / "alembic.ini"),
        pg_ctl=_pg_ctl(place),
        options=options,
        socket=str(place.folder),
        tests=tests,
    )


def _run(place: Place, name: str, module: str) -> list[Mapping[str, object]]:
    """Run one test module and give what its log says."""
    folder = place.folder / name
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / f"test_{name}.py").write_text(module, encoding="utf-8")
    log = folder / "log"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PGHARNESS_", "PYTEST_"))},
        "BENCH_LOG": str(log),
        "HOME": str(place.folder),
        "PGHARNESS_CACHE_DIR": str(place.folder / "cache"),
        "PGHARNESS_POSTGRES_BIN": str(place.binaries.folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'temp'}"]
    command += [f"--pgharness-config={ROOT / 'pyproject.toml'}", "--pgharness-server=embedded", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    shutil.rmtree(folder / "temp", ignore_errors=True)
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def _by_test(log: Sequence[Mapping[str, object]]) -> list[float]:
    totals: dict[object, float] = {}
    for entry in log:
        if "test" in entry:
            totals[entry["test"]] = totals.get(entry["test"], 0.0) + float(str(entry["seconds"]))
    return list(totals.values())


def _first_test(log: Sequence[Mapping[str, object]]) -> float:
    """Return the seconds that the first test waited for its database, all it needs included."""
    return next(float(str(entry["seconds"])) for entry in log if entry.get("when") == "setup")


def _wait(log: Sequence[Mapping[str, object]], body_ms: int) -> float:
    """Return the seconds that a test takes beside its body; neither the first counts nor the last, which ends the session."""
    return statistics.fmean(_by_test(log)[1:-1]) - body_ms / 1000


def _fixture(log: Sequence[Mapping[str, object]], name: str) -> float:
    return next(float(str(entry["seconds"])) for entry in log if entry.get("fixture") == name)


def _tell(
    asked: argparse.Namespace, waits: Mapping[tuple[str, int], list[float]], cold: list[float], bare: list[float]
) -> None:
    print(f"medians of {asked.rounds} rounds of {asked.tests} tests, in ms")
    print(f"{'':44}{'ours':>10}{'pytest-postgresql':>20}{'ratio':>8}")
    for body in BODIES_MS:
        _row(f"a database for a test that works {body} ms", waits["ours", body], waits["theirs", body])
    _row("cold: first test / initdb and start alone", cold, bare)


def _row(told: str, ours: list[float], theirs: list[float]) -> None:
    one, other = statistics.median(ours), statistics.median(theirs)
    print(f"{told:44}{one * 1000:10.1f}{other * 1000:20.1f}{one / other:8.2f}")


if __name__ == "__main__":
    main()
