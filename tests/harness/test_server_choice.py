from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pgharness.findings import CannotRun
from pgharness.running import check_chain
from pgharness.servers import choice, open_server
from pgharness.servers.container import engine_ping
from pgharness.servers.embedded.binaries import _system_folders
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, write_chain


@pytest.fixture(autouse=True)
def no_settings_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no context or property file of whoever runs the tests name an engine."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
    monkeypatch.setattr(engine_ping, "SOCKET", tmp_path / "docker.sock")


@pytest.fixture
def engine_socket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the path of a socket that DOCKER_HOST names; pytest's own folders have paths too long for one."""
    with tempfile.TemporaryDirectory(prefix="pgharness-test-") as folder:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/engine")
        yield f"{folder}/engine"


@pytest.fixture
def listener(engine_socket: str) -> Iterator[socket.socket]:
    """Listen at that socket."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(engine_socket)
        made.listen()
        yield made


@pytest.fixture
def stale_socket(engine_socket: str, listener: socket.socket) -> str:
    """Return the path of a socket that its engine left behind."""
    listener.close()
    return engine_socket


@contextlib.contextmanager
def answering(listener: socket.socket, *answers: bytes) -> Iterator[None]:
    """Yield these answers to so many requests, whatever they are, and hang up after each."""

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    server = threading.Thread(target=serve, daemon=True)  # one that nobody asks must not hold pytest up
    server.start()
    yield
    server.join(timeout=10)


@pytest.fixture
def closed_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return int(closed.getsockname()[1])


@pytest.fixture
def default_end() -> Iterator[None]:
    """Let SIGTERM do what it does by default; coverage has a handler of its own."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def refusal(wanted: str = "container") -> CannotRun:
    with pytest.raises(CannotRun) as caught, open_server(wanted):
        pass
    return caught.value


@pytest.mark.parametrize(("typo", "meant"), [("contaner", "container"), ("embeded", "embedded"), ("Auto", "auto")])
def test_an_unknown_server_is_refused_with_the_nearest_name(typo: str, meant: str) -> None:
    assert f"did you mean {meant!r}?" in refusal(typo).mend


def test_an_unknown_server_is_refused_with_all_that_are_known() -> None:
    assert refusal("oracle").seen == "known are auto, container, embedded and URLs"


def test_a_url_of_another_kind_of_database_is_refused() -> None:
    assert "mysql://somewhere/db" in refusal("mysql://somewhere/db").seen


def test_a_machine_without_an_engine_is_told_where_it_was_looked_for() -> None:
    assert refusal().seen == f"no DOCKER_HOST, no {engine_ping.SOCKET}, no context in ~/.docker"


def test_a_missing_library_is_told_before_a_missing_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers", None)

    assert refusal().mend == "pip install 'pgharness[container]'"


@pytest.mark.usefixtures("stale_socket")
def test_a_socket_without_an_engine_behind_it_is_told_from_an_engine() -> None:
    reason = refusal()
    assert reason.what.startswith("No container engine answers at unix:///")
    assert reason.seen.endswith(": Connection refused")


def test_the_usual_socket_is_looked_at_where_no_other_is_named(
    stale_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr(engine_ping, "SOCKET", Path(stale_socket))

    assert refusal().seen == f"unix://{engine_ping.SOCKET}: Connection refused"


def test_a_socket_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")

    assert refusal().seen == f"unix://{tmp_path}/nothing: No such file or directory"


@pytest.mark.usefixtures("listener")
def test_an_engine_that_hangs_is_given_up(engine_socket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_ping, "ANSWER_LIMIT_S", 0.1)
    started = time.monotonic()

    reason = refusal()
    assert reason.seen == f"unix://{engine_socket}: timed out"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("answer", "seen"), [(b"", "it hangs up"), (b"220 mail ready", "b'220 mail ready'")])
def test_what_is_no_engine_is_told_from_one(listener: socket.socket, answer: bytes, seen: str) -> None:
    with answering(listener, answer):
        reason = refusal()

    assert reason.what.endswith("is not a container engine.")
    assert reason.seen.endswith(f": {seen}")


def test_an_engine_that_goes_away_after_its_first_answer_is_told(listener: socket.socket) -> None:
    with answering(listener, b"HTTP/1.0 200 OK\r\n\r\nOK", b""):
        reason = refusal()

    assert reason.what == "Could not start a container from postgres:18."
    assert reason.mend == engine_ping.START_ONE


def test_a_file_that_may_name_another_engine_is_left_to_the_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, closed_port: int
) -> None:
    (tmp_path / ".testcontainers.properties").touch()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{closed_port}")

    assert refusal().what == "Could not start a container from postgres:18."


def test_an_account_that_may_not_use_the_engine_is_told_how_to(
    engine_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_host: str) -> bytes:
        raise PermissionError(13, "Permission denied", engine_socket)  # root is never refused

    monkeypatch.setattr(engine_ping, "_ping", refuse)

    reason = refusal()
    assert reason.seen == f"unix://{engine_socket}: Permission denied"
    assert "usermod --append --groups docker" in reason.mend


def test_an_engine_by_tcp_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{closed_port}")

    assert refusal().seen == f"tcp://127.0.0.1:{closed_port}: Connection refused"


def test_an_engine_by_tls_is_not_asked_in_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with socket.create_server(("127.0.0.1", 0)) as opened:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{opened.getsockname()[1]}")
        engine_ping.require_engine()
        connection, _ = opened.accept()

        with connection:
            assert connection.recv(64) == b""


def test_an_engine_by_a_pipe_is_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "npipe:////./pipe/docker_engine")
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("a pipe has no port"))

    engine_ping.require_engine()


@pytest.mark.parametrize("host", ["ssh://builder", "tcp://docker:2375"])
def test_an_engine_of_another_machine_is_refused_at_once(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)

    reason = refusal()
    assert reason.what == "The container engine is on another machine."
    assert host in reason.seen


def test_auto_takes_the_embedded_server_where_no_engine_answers_and_says_why(stale_socket: str) -> None:
    with open_server("auto") as server:
        assert server.kind == "embedded"
        assert server.reason == f"no container: unix://{stale_socket}: Connection refused"


def test_auto_takes_the_embedded_server_where_the_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers", None)

    with open_server("auto") as server:
        assert server.kind == "embedded"
        assert server.reason == "no container: the package testcontainers is not installed"


def test_a_machine_that_can_have_neither_server_is_told_what_each_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGHARNESS_POSTGRES_BIN", str(tmp_path))

    reason = refusal("auto")
    assert "No container engine found." in reason.seen
    assert "PGHARNESS_POSTGRES_BIN does not name a folder" in reason.seen
    assert engine_ping.START_ONE in reason.mend
    assert "correct PGHARNESS_POSTGRES_BIN" in reason.mend


@pytest.mark.usefixtures("stale_socket")
def test_a_server_asked_for_by_name_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "embedded_server", lambda _reason: pytest.fail("the embedded server was started"))

    assert refusal("container").what.startswith("No container engine answers")


@pytest.mark.usefixtures("stale_socket")
def test_the_command_line_ends_with_2_where_the_asked_server_cannot_be_had(example: Callable[..., Path]) -> None:
    program = [sys.executable, "-c", "from pgharness.cli import main; main()"]
    options = ["check", "--alembic", str(example() / "alembic.ini"), "--server", "container"]

    done = subprocess.run([*program, *options], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.strip().startswith("No container engine answers at unix:///")
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("default_end")
def test_a_request_to_end_unwinds_the_run() -> None:
    folders: list[Path] = []

    def run() -> None:
        with open_server("embedded") as server:
            folders.append(Path(server.url.host))
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)

    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code == 128 + signal.SIGTERM
    assert not folders[0].exists()


@pytest.mark.usefixtures("default_end")
def test_a_program_that_handles_requests_to_end_keeps_its_way() -> None:
    seen: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))

    with open_server("embedded"):
        os.kill(os.getpid(), signal.SIGTERM)
    assert seen == [signal.SIGTERM]


@pytest.mark.usefixtures("default_end")
def test_a_forked_child_ends_by_a_request_to_end_as_any_other_program(tmp_path: Path) -> None:
    with open_server("embedded"):
        child = multiprocessing.get_context("fork").Process(target=wait_long, args=(tmp_path / "reached",))
        child.start()
        give_up_at = time.monotonic() + 60
        while not (tmp_path / "reached").exists():
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        child.terminate()
        child.join(60)

    assert child.exitcode == -signal.SIGTERM


def wait_long(reached: Path) -> None:
    reached.touch()
    time.sleep(60)


def test_a_forked_child_ends_so_too_where_another_library_stands_around_our_handler() -> None:
    done = subprocess.run([sys.executable, "-c", OTHER_LIBRARY], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == f"{signal.SIGTERM}\n"


# As coverage.py does in each child that it follows: its handler is set before ours is taken away, and hands on to ours.
OTHER_LIBRARY = """
import os, signal, time

def stand_around():
    found = signal.getsignal(signal.SIGTERM)
    def hand_on(number, frame):
        signal.signal(signal.SIGTERM, found)
        os.kill(os.getpid(), signal.SIGTERM)
    signal.signal(signal.SIGTERM, hand_on)

os.register_at_fork(after_in_child=stand_around)
from pgharness.servers import open_server

reading, writing = os.pipe()
with open_server("embedded"):
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, b"x")
            time.sleep(60)
        finally:
            os._exit(1)
    os.read(reading, 1)
    os.kill(child, signal.SIGTERM)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]))
"""


def test_a_server_may_be_opened_in_any_thread() -> None:
    kinds: list[str] = []

    def use() -> None:
        with open_server("embedded") as server:
            kinds.append(server.kind)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert kinds == ["embedded"]


ICU = Revision("names", sql("CREATE COLLATION german (provider = icu, locale = 'de')"), sql("DROP COLLATION german"))


@pytest.mark.skipif(not _system_folders(), reason="the system has no PostgreSQL of its own, which this takes")
def test_auto_takes_the_systems_own_server_where_the_embedded_one_lacks_what_the_chain_wants(tmp_path: Path) -> None:
    alembic = write_chain(tmp_path / "project", [ICU])

    report = check_chain(load_settings(None, alembic=alembic, server="auto", only=("upgrade",)))

    assert report.findings == ()
    assert "ICU is not supported in this build" in report.server.reason
    assert "from the system" in report.server.description


@pytest.mark.skipif(not _system_folders(), reason="the system has no PostgreSQL of its own, which this takes")
def test_a_chain_that_the_systems_own_server_cannot_take_is_told_what_the_first_one_lacks(tmp_path: Path) -> None:
    alembic = write_chain(tmp_path / "project", [ICU, Revision("later", sql("SELECT no_such_function()"))])

    with pytest.raises(CannotRun, match="Revision names wants what the server lacks"):
        check_chain(load_settings(None, alembic=alembic, server="auto", only=("upgrade",)))
