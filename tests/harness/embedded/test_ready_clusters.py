"""A data directory is made once and kept for later runs; a folder for that which is damaged or closed costs time and nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from pgharness.databases import Databases
from pgharness.findings import CannotRun
from pgharness.servers import Server, open_server
from pgharness.servers.embedded import data_directory
from pgharness.servers.embedded import server as embedded
from tests.harness.embedded.servers import setting


def test_the_second_server_needs_no_initdb(open_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_server("embedded"):
        pass
    monkeypatch.setattr(data_directory, "_initialise", lambda *_: pytest.fail("initdb was run again"))

    with open_server("embedded") as second:
        assert setting(second, "server_encoding") == "UTF8"
    assert len(list(open_cache.glob("cluster-*.tar"))) == 1


MAPS = "_(fsm|vm)$"


def maps_of(server: Server, dbname: str) -> list[str]:
    """List the free space and visibility maps among a database's files."""
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT file FROM pg_database AS d, pg_ls_dir('base/' || d.oid) AS file WHERE datname = %s AND file ~ %s ORDER BY 1",
            [dbname, MAPS],
        )
        return [str(file) for (file,) in rows]


@pytest.mark.usefixtures("open_cache")
@pytest.mark.parametrize("dbname", ["template0", "template1", "postgres"])
def test_a_fresh_cluster_holds_no_maps_that_each_database_would_copy(dbname: str) -> None:
    with open_server("embedded") as first:
        assert maps_of(first, dbname) == []
    with open_server("embedded") as second:
        assert maps_of(second, dbname) == []


@pytest.mark.usefixtures("open_cache")
def test_catalogs_without_maps_are_sound_and_get_them_when_vacuumed() -> None:
    with open_server("embedded") as opened, Databases(opened) as databases:
        database = databases.create_empty()
        with database.connect() as connection:
            connection.execute("CREATE TABLE shelf (id int PRIMARY KEY); CREATE EXTENSION amcheck")
            flaws = connection.execute(
                "SELECT relname, flaw FROM pg_class, verify_heapam(pg_class.oid) AS flaw WHERE relkind IN ('r', 't')"
            ).fetchall()
            connection.execute("VACUUM pg_catalog.pg_rewrite")
        maps = maps_of(opened, database.name)

    assert flaws == []
    assert any(file.endswith("_vm") for file in maps)


def test_a_damaged_cache_is_made_anew(open_cache: Path) -> None:
    with open_server("embedded"):
        pass
    (archive,) = open_cache.glob("cluster-*.tar")
    whole = archive.stat().st_size
    archive.write_bytes(b"no archive at all")

    with open_server("embedded") as second:
        assert setting(second, "server_encoding") == "UTF8"
    assert archive.stat().st_size == whole


def test_a_cache_may_be_shared_with_other_users(open_cache: Path) -> None:
    with open_server("embedded"):
        pass

    (archive,) = open_cache.glob("cluster-*.tar")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o644


def test_a_cache_that_cannot_be_read_costs_only_time(open_cache: Path) -> None:
    with open_server("embedded"):
        pass
    (archive,) = open_cache.glob("cluster-*.tar")
    archive.unlink()
    archive.mkdir()  # what not even root can read

    with open_server("embedded") as second:
        assert setting(second, "server_encoding") == "UTF8"


def test_a_cache_on_which_no_server_starts_is_forgotten(open_cache: Path, tmp_path: Path) -> None:
    with open_server("embedded"):
        pass
    (archive,) = open_cache.glob("cluster-*.tar")
    (tmp_path / "PG_VERSION").write_text("9\n")
    subprocess.run(["tar", "-cf", str(archive), "."], cwd=tmp_path, check=True)

    with pytest.raises(CannotRun, match="Could not start the embedded server"), open_server("embedded"):
        pass
    assert not archive.exists()


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(tmp_path / "file" / "cache"))
    if os.getuid() == 0:
        monkeypatch.setattr(embedded, "reachable_binaries", lambda found, _account: found)

    with open_server("embedded") as opened:
        assert setting(opened, "server_encoding") == "UTF8"
