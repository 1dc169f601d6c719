"""A fresh data directory: unpacked from a ready one of an earlier run, or made by initdb."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from pgharness.findings import CannotRun
from pgharness.servers.embedded.account import Account
from pgharness.servers.embedded.binaries import Binaries
from pgharness.servers.embedded.cache import cache_folder
from pgharness.servers.private_folder import private_folder

SUPERUSER = "postgres"

# 4 MB segments make the ready data directory 12 MB smaller than the default of 16 MB.
INITDB_ARGUMENTS = (
    f"--username={SUPERUSER}",
    "--auth=trust",  # which says nothing: the server is started with access rules of its own
    "--encoding=UTF8",
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=4",
)


def locale_arguments(major: int) -> tuple[str, ...]:
    """Return initdb's arguments for an order of texts that is the same on every machine, with UTF-8 case mapping."""
    if major >= 17:  # the builtin provider is new in 17
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def prepare_data_directory(binaries: Binaries, account: Account, data: Path) -> None:
    """Make a data directory, by initdb the first time on a machine and quicker later. Raises CannotRun."""
    ready = _ready_cluster(binaries)
    if ready.exists():
        if _unpack(ready, account, data):
            return
        forget_ready_cluster(binaries)
    _initialise(binaries, account, data)
    _remove_maps(data)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        _pack(data, ready)


def forget_ready_cluster(binaries: Binaries) -> None:
    """Remove the ready data directory from the cache, because no server starts on it."""
    with contextlib.suppress(OSError):
        _ready_cluster(binaries).unlink(missing_ok=True)


def server_environment() -> dict[str, str]:
    """Return PostgreSQL's programs an environment that is the same in every shell."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _ready_cluster(binaries: Binaries) -> Path:
    parts = (binaries.fingerprint(), *INITDB_ARGUMENTS, *locale_arguments(99), "without maps")
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return cache_folder() / f"cluster-{key}.tar"


def _unpack(ready: Path, account: Account, data: Path) -> bool:
    """Unpack the ready data directory; one archive is read far faster than its thousand files."""
    if not (tar := shutil.which("tar")):
        return False
    try:
        archive = ready.open("rb")
    except OSError:  # there is none, or it is another user's alone
        return False
    data.mkdir(mode=0o700)
    account.give(data)
    with archive:
        done = subprocess.run(
            [tar, "-x", "-f", "-"],
            stdin=archive,
            cwd=data,
            capture_output=True,
            check=False,
            **account.process_arguments(),
        )
    if done.returncode != 0:
        shutil.rmtree(data)
    return done.returncode == 0


def _pack(data: Path, ready: Path) -> None:
    if not (tar := shutil.which("tar")):
        return
    ready.parent.mkdir(parents=True, exist_ok=True)
    with private_folder(ready.parent) as folder, contextlib.suppress(OSError, subprocess.CalledProcessError):
        packed = Path(folder) / ready.name
        with packed.open("wb") as archive:
            subprocess.run([tar, "-c", "-f", "-", "."], stdout=archive, cwd=data, check=True)
        packed.chmod(0o644)  # other users of a shared cache need no initdb then; it holds no secret
        packed.rename(ready)  # at once, so that an archive under this name is whole


def _initialise(binaries: Binaries, account: Account, data: Path) -> None:
    command = [
        binaries.program("initdb"),
        "--pgdata",
        str(data),
        *INITDB_ARGUMENTS,
        *locale_arguments(_major(binaries)),
    ]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=server_environment(),
            cwd="/",
            **account.process_arguments(),
        )
    except OSError as error:
        raise _cannot_initialise(binaries, str(error)) from error
    if done.returncode != 0:
        raise _cannot_initialise(binaries, " ".join((done.stderr or done.stdout).split()))


def _remove_maps(data: Path) -> None:
    """Remove the free space and visibility maps of the catalogs, a quarter of all files that each new database copies.

    PostgreSQL takes a missing map for one that knows nothing, and makes it when it has something to note (manual, "Free Space
    Map", "Visibility Map"). No server runs on these files yet, and what initdb made was shut down in order.
    """
    for pattern in ("*_fsm", "*_vm"):
        for file in (data / "base").glob(f"*/{pattern}"):
            file.unlink()


def _cannot_initialise(binaries: Binaries, seen: str) -> CannotRun:
    return CannotRun(
        f"The embedded server has no data directory: {binaries.program('initdb')} failed.",
        seen=seen,
        mend="use another PostgreSQL (PGHARNESS_POSTGRES_BIN=FOLDER), or another server (--server postgresql://…)",
    )


def _major(binaries: Binaries) -> int:
    answer = subprocess.run([binaries.program("postgres"), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"(\d+)\.?\d*\s", f"{answer.stdout} ")
    return int(match[1]) if match else 0
