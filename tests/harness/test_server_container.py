from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from docker import DockerClient
from docker.errors import NotFound
from testcontainers.core import docker_client
from testcontainers.core.container import DockerContainer

from pgharness.findings import CannotRun
from pgharness.servers import Server, open_server
from pgharness.servers.container import engine, engine_ping
from pgharness.servers.container import server as container
from pgharness.servers.run_identity import this_owner
from pgharness.settings import DEFAULT_IMAGE

pytestmark = pytest.mark.container

# A run that tells its server and waits until it is ended.
RUN = """
import signal, sys
from pgharness.servers import open_server
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # coverage has a handler of its own
with open_server("container", image=sys.argv[1]) as server:
    print(server.url.port, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def proved() -> Iterator[None]:
    """Where there is no engine or no image, CI fails and other machines skip, and both say why."""
    try:
        yield
    except CannotRun as reason:
        if os.environ.get("CI"):
            pytest.fail(f"CI has to prove the container server.\n{reason}", pytrace=False)
        pytest.skip(f"the container server is NOT PROVED here: {reason.what} ci/docker and ci/postgres-image/find help")


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    with proved(), engine.explained("the tests"):
        engine_ping.require_engine()
        found = docker_client.DockerClient().client
    with contextlib.closing(found):
        yield found


@pytest.fixture(scope="module")
def image(client: DockerClient) -> str:
    name = os.environ.get("PGHARNESS_IMAGE", DEFAULT_IMAGE)
    with proved(), engine.explained(name):
        engine.require_image(client, name)
    return name


@pytest.fixture(scope="module")
def server(image: str) -> Iterator[Server]:
    with open_server("container", image=image) as opened:
        yield opened


@pytest.fixture
def start_run(image: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start runs of their own, each with a server; what still runs at the end of the test is ended."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RUN, image]
        run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(run)
        assert run.stdout is not None
        assert run.stdout.readline().strip().isdigit()
        return run

    yield start
    for run in started:
        run.communicate()


def names_of(client: DockerClient, pid: int) -> list[str]:
    """Name the containers of one process."""
    names = (str(found.name) for found in client.containers.list(all=True, ignore_removed=True))
    return [name for name in names if name.startswith("pgharness-") and name.split("-")[2] == str(pid)]


def container_of(client: DockerClient, server: Server) -> Any:
    """Return the container that a server runs in."""
    return next(
        found
        for name in names_of(client, os.getpid())
        if (found := client.containers.get(name)).ports.get("5432/tcp", [{}])[0].get("HostPort") == server.url.port
    )


def answer(server: Server, query: str) -> Any:
    with server.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_the_server_says_its_image_and_its_version(server: Server, client: DockerClient, image: str) -> None:
    image_id = client.images.get(image).id.removeprefix("sha256:")[:12]

    assert server.kind == "container"
    assert server.reason == "asked for"
    assert server.description == f"container {image} ({image_id}), PostgreSQL {server.version}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server_encoding", "UTF8"),
        ("fsync", "off"),
        ("autovacuum", "off"),
        ("TimeZone", "UTC"),
        ("wal_level", "replica"),
        ("data_directory", "/pgharness/data"),
    ],
)
def test_the_server_is_set_for_tests_that_are_thrown_away(server: Server, name: str, value: str) -> None:
    assert answer(server, f"SELECT current_setting('{name}')") == value


def test_texts_are_ordered_as_on_the_embedded_server(server: Server, pg_server: Server) -> None:
    if pg_server.version_number // 10000 != server.version_number // 10000:
        pytest.skip("another major version")
    order = "SELECT datlocprovider::text || coalesce(datlocale, '') FROM pg_database WHERE datname = 'template0'"

    assert answer(server, order) == answer(pg_server, order)


def test_the_data_lie_in_memory(server: Server) -> None:
    mounts = str(answer(server, "SELECT pg_read_file('/proc/mounts')")).splitlines()

    assert [mount.split()[2] for mount in mounts if mount.split()[1] == "/pgharness"] == ["tmpfs"]


def test_no_password_is_asked_for(server: Server) -> None:
    assert server.url.password == ""
    assert answer(server, "SELECT current_user") == "postgres"


def test_a_project_is_given_a_password_all_the_same(server: Server) -> None:
    url = server.project_url("postgres")

    assert url.render() == f"postgresql://postgres:pgharness@127.0.0.1:{server.url.port}/postgres"
    with psycopg.connect(url.conninfo()) as connection:
        assert connection.info.user == "postgres"


def test_the_port_is_open_at_one_address_of_this_machine_alone(server: Server) -> None:
    assert server.url.host == "127.0.0.1"
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.2", int(server.url.port)), timeout=5),
    ):
        pass


def test_the_container_is_named_after_its_owner(server: Server, client: DockerClient) -> None:
    found = container_of(client, server)

    assert found.name.startswith(f"pgharness-{this_owner()}-")
    assert found.labels[engine.OWNER_LABEL] == this_owner()


def test_nothing_is_left_of_a_server_that_was_closed(client: DockerClient, image: str) -> None:
    with open_server("container", image=image) as opened:
        found = container_of(client, opened)

    with pytest.raises(NotFound):
        client.containers.get(found.id)


def test_nothing_is_left_of_a_server_whose_user_failed(client: DockerClient, image: str) -> None:
    found = []

    def use() -> None:
        with open_server("container", image=image) as opened:
            found.append(container_of(client, opened))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    with pytest.raises(NotFound):
        client.containers.get(found[0].id)


def test_nothing_is_left_of_a_start_that_was_interrupted(
    client: DockerClient, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = DockerContainer.start
    ids: list[str] = []

    def start_and_interrupt(starting: DockerContainer) -> None:
        ids.append(start(starting).get_container_id())
        raise KeyboardInterrupt

    monkeypatch.setattr(DockerContainer, "start", start_and_interrupt)

    with pytest.raises(KeyboardInterrupt), open_server("container", image=image):
        pass
    with pytest.raises(NotFound):
        client.containers.get(ids[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_run_that_was_told_to_end(
    number: signal.Signals, client: DockerClient, start_run: Callable[[], subprocess.Popen[str]]
) -> None:
    run = start_run()
    (name,) = names_of(client, run.pid)

    run.send_signal(number)
    run.wait(timeout=60)
    with pytest.raises(NotFound):
        client.containers.get(name)


def test_the_next_start_removes_what_a_killed_run_left(
    client: DockerClient, image: str, start_run: Callable[[], subprocess.Popen[str]]
) -> None:
    run = start_run()
    (name,) = names_of(client, run.pid)
    run.kill()
    run.wait(timeout=60)

    with open_server("container", image=image), pytest.raises(NotFound):
        client.containers.get(name)


def test_the_server_of_a_live_run_is_left_alone(
    client: DockerClient, image: str, start_run: Callable[[], subprocess.Popen[str]]
) -> None:
    run = start_run()
    (name,) = names_of(client, run.pid)

    with open_server("container", image=image):
        assert client.containers.get(name).status == "running"


def test_a_container_of_another_machine_is_left_alone_for_a_day(
    client: DockerClient, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = client.containers.create(image, labels={engine.OWNER_LABEL: "another-1-1"})
    engine.sweep_containers(client)
    left_alone = client.containers.list(all=True, filters={"id": foreign.id})
    monkeypatch.setattr(engine, "ABANDONED_AFTER", timedelta())
    engine.sweep_containers(client)

    assert left_alone
    assert not client.containers.list(all=True, filters={"id": foreign.id})


def test_a_server_is_kept_where_the_variable_asks_for_it(
    client: DockerClient, image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGHARNESS_KEEP_SERVER", "1")

    with open_server("container", image=image) as opened:
        kept = container_of(client, opened)
    kept.reload()
    status = kept.status
    kept.remove(force=True, v=True)
    assert status == "running"
    assert f"docker rm --force --volumes {kept.name}" in capsys.readouterr().err


def test_an_image_that_cannot_be_had_is_told(client: DockerClient) -> None:
    with pytest.raises(CannotRun, match=r"Image pgharness\.invalid/none:1 not found\.") as caught:
        engine.require_image(client, "pgharness.invalid/none:1")
    assert "PGHARNESS_IMAGE" in caught.value.mend


@pytest.mark.usefixtures("client")
def test_the_command_line_ends_with_2_where_the_image_cannot_be_had(example: Callable[..., Path]) -> None:
    program = [sys.executable, "-c", "from pgharness.cli import main; main()"]
    options = ["check", "--alembic", str(example() / "alembic.ini"), "--server", "container"]

    done = subprocess.run(
        [*program, *options],
        env={**os.environ, "PGHARNESS_IMAGE": "pgharness.invalid/none:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "Image pgharness.invalid/none:1 not found." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_no_image_can_have_is_told_without_blaming_the_engine(client: DockerClient) -> None:
    with (
        pytest.raises(CannotRun, match="Could not start a container from No Such Name") as caught,
        engine.explained("No Such Name"),
    ):
        engine.require_image(client, "No Such Name")
    assert "start Docker" not in caught.value.mend


def test_an_image_that_dies_at_its_start_shows_its_log(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "THROWAWAY_SETTINGS", {"no_such_setting": "on"})

    with pytest.raises(CannotRun, match="did not start") as caught, open_server("container", image=image):
        pass
    assert caught.value.seen.startswith("it ended: ")
    assert "no_such_setting" in caught.value.seen


def test_a_container_that_never_answers_is_given_up(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "START_LIMIT_S", 0.1)

    with pytest.raises(CannotRun, match="did not start") as caught, open_server("container", image=image):
        pass
    assert caught.value.seen.startswith("no session within 0 s: connection ")


def test_auto_takes_a_container_where_an_engine_has_one(image: str) -> None:
    with open_server("auto", image=image) as opened:
        assert opened.kind == "container"
        assert opened.reason == "a container engine answers"


@pytest.mark.usefixtures("client")
def test_auto_takes_the_embedded_server_where_the_image_cannot_be_had() -> None:
    with open_server("auto", image="pgharness.invalid/none:1") as opened:
        assert opened.kind == "embedded"
        assert opened.reason.startswith("no container: the engine does not have it and could not pull it: ")


def test_an_engine_that_goes_away_during_a_run_leaves_a_message_and_no_error(
    client: DockerClient, image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with detour(monkeypatch) as end_detour, open_server("container", image=image) as opened:
        left = container_of(client, opened)
        end_detour()
    left.remove(force=True, v=True)

    assert f"pgharness: could not remove the container {left.name}: " in capsys.readouterr().err


def test_an_engine_that_goes_away_during_a_start_is_told(
    client: DockerClient, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names_of(client, os.getpid())

    with detour(monkeypatch) as end_detour:

        def end_and_refuse(*_arguments: object, **_options: object) -> None:
            end_detour()
            raise psycopg.OperationalError

        monkeypatch.setattr(container, "connect", end_and_refuse)
        with (
            pytest.raises(CannotRun, match="Could not start a container from") as caught,
            open_server("container", image=image),
        ):
            pass
    (left,) = set(names_of(client, os.getpid())) - set(before)
    engine.remove_container(client, left)
    assert caught.value.mend == engine_ping.START_ONE


@contextlib.contextmanager
def detour(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Lead to the engine by a socket of our own, and give the function that ends it; then it hangs up on everybody."""
    real = urlsplit(os.environ.get("DOCKER_HOST", f"unix://{engine_ping.SOCKET}"))
    if real.scheme != "unix":
        pytest.skip("the engine has no socket of this machine")
    ended = threading.Event()

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as onward:
                onward.connect(real.path)
                other = {self.request: onward, onward: self.request}
                while not ended.is_set():
                    for readable in select.select(other, (), (), 0.01)[0]:
                        if not (received := readable.recv(65536)):
                            return
                        other[readable].sendall(received)

    with (
        tempfile.TemporaryDirectory(prefix="pgharness-test-") as folder,
        socketserver.ThreadingUnixStreamServer(f"{folder}/engine", Relay) as relay,
    ):
        thread = threading.Thread(target=relay.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/engine")
        try:
            yield ended.set
        finally:
            ended.set()
            relay.shutdown()
            thread.join()
