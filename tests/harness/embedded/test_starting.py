"""An embedded server takes another port where one is taken; one that cannot start says why."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgharness.findings import CannotRun
from pgharness.servers import open_server
from pgharness.servers import server as server_module
from pgharness.servers.embedded import data_directory, run_folder
from pgharness.servers.embedded import server as embedded
from tests.harness.embedded.servers import run_folder_of, setting


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Yield a port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_that_was_taken_meanwhile_is_given_up_for_another(
    taken_port: int, open_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [taken_port, embedded._free_port()]
    monkeypatch.setattr(embedded, "_free_port", lambda: found.pop(0))

    with open_server("embedded") as opened:
        assert setting(opened, "port") == opened.url.port != str(taken_port)
    assert found == []
    assert list(open_cache.glob("cluster-*.tar"))


def test_ports_that_are_always_taken_are_told(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_free_port", lambda: taken_port)
    monkeypatch.setattr(embedded, "PORT_ATTEMPTS", 2)

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "Address already in use" in caught.value.seen


def test_a_machine_without_a_loopback_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOOPBACK", "192.0.2.1")  # no address of any machine (RFC 5737)

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "could not bind a port at 192.0.2.1" in caught.value.seen


def test_data_that_do_not_fit_in_memory_go_to_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "SHARED_MEMORY", Path("/nowhere"))

    with open_server("embedded") as opened:
        assert not run_folder_of(opened).is_relative_to("/dev/shm")  # noqa: S108 - where it would lie otherwise
        assert opened.description.endswith("which is slower than memory")


def test_a_machine_without_room_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "NEEDED_BYTES", 2**60)

    with pytest.raises(CannotRun, match=r"no place for its data") as caught, open_server("embedded"):
        pass
    assert "MB free" in caught.value.seen


def test_a_server_that_does_not_start_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "THROWAWAY_SETTINGS", {"no_such_setting": "on"})

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "no_such_setting" in caught.value.seen


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_LIMIT_S", 0.0)

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "no answer" in caught.value.seen


def test_an_initdb_that_fails_shows_why(open_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_directory, "INITDB_ARGUMENTS", ("--no-such-option",))

    with pytest.raises(CannotRun, match="initdb failed") as caught, open_server("embedded"):
        pass
    assert "no-such-option" in caught.value.seen
    assert not list(open_cache.glob("cluster-*"))


def test_a_server_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "OLDEST_VERSION_NUMBER", 990000)

    with pytest.raises(CannotRun, match="too old"), open_server("embedded"):
        pass
