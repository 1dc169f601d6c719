"""A server in a container of its own, by testcontainers, with its data in memory."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import psycopg
from docker import DockerClient
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from pgharness.findings import CannotRun
from pgharness.servers.container.engine import (
    OWNER_LABEL,
    explained,
    remove_container,
    require_image,
    sweep_containers,
    try_by_hand,
)
from pgharness.servers.embedded.data_directory import SUPERUSER, locale_arguments
from pgharness.servers.run_identity import this_owner
from pgharness.servers.server import (
    THROWAWAY_SETTINGS,
    Connection,
    Keeps,
    Server,
    connect,
    kept_by_variable,
    probe,
    tell_kept,
)
from pgharness.servers.url import ServerUrl

START_LIMIT_S = 120.0
PORT = 5432
LOOPBACK = "127.0.0.1"
DATA_PLACE = "/pgharness"


@contextlib.contextmanager
def container_server(image: str, reason: str, keeps: Keeps = kept_by_variable) -> Iterator[Server]:
    """Start a container of `image`; remove it and its volumes at the end unless it is kept. Raises CannotRun."""
    with explained(image):
        container = DockerContainer(image)
    with contextlib.closing(container.get_docker_client().client) as client:
        with explained(image):
            sweep_containers(client)
            attributes = require_image(client, container.image).attrs
        name = f"pgharness-{this_owner()}-{secrets.token_hex(3)}"
        _describe(container, name, _major(attributes))
        with _started(container, client, name, image, keeps) as url:
            with explained(image), _first_connection(container, url, image) as connection:
                version, number, fsync = probe(connection)
            description = f"container {image} ({attributes['Id'].removeprefix('sha256:')[:12]}), PostgreSQL {version}"
            # No password is asked for, but some drivers and env.py files do not do without one.
            for_projects = replace(url, password="pgharness")  # noqa: S106 - it opens nothing
            yield Server("container", url, for_projects, version, number, reason, description, fsync)
            if keeps():
                tell_kept(url, f"docker rm --force --volumes {name}")


def _describe(container: DockerContainer, name: str, major: int) -> None:
    """Set how the container is to run: data in memory, no password, and open to this machine alone."""
    container.with_name(name)
    container.with_envs(
        PGDATA=f"{DATA_PLACE}/data",
        POSTGRES_HOST_AUTH_METHOD="trust",  # SCRAM doubles the time of every connect
        POSTGRES_INITDB_ARGS=" ".join(("--encoding=UTF8", "--no-sync", *locale_arguments(major))),
        TZ="UTC",
    )
    # Handed to the engine as it is, so it is `size=2g`; it bounds the memory, and takes none.
    container.with_tmpfs_mount(DATA_PLACE, "size=2g")
    cast("dict[str, Any]", container.ports)[f"{PORT}/tcp"] = (LOOPBACK, None)
    settings = [part for name, value in THROWAWAY_SETTINGS.items() for part in ("-c", f"{name}={value}")]
    container.with_command(["postgres", *settings])
    container.with_kwargs(labels={OWNER_LABEL: this_owner()})


def _major(image_attributes: dict[str, Any]) -> int:
    """Return the major version that the image names in PG_MAJOR, as the official ones do, or 0."""
    environment = dict(entry.split("=", 1) for entry in image_attributes["Config"].get("Env") or ())
    major = environment.get("PG_MAJOR", "")
    return int(major) if major.isdigit() else 0


@contextlib.contextmanager
def _started(
    container: DockerContainer, client: DockerClient, name: str, image: str, keeps: Keeps
) -> Iterator[ServerUrl]:
    """Start it; unless it is kept, remove it by its name, which is known also when the start is interrupted halfway."""
    try:
        with explained(image), _without_reaper():
            container.start()
            port = container.get_docker_client().port(container.get_container_id(), PORT)
        yield ServerUrl(SUPERUSER, host=LOOPBACK, port=str(port), database="postgres")
    finally:
        if not keeps():
            remove_container(client, name)


@contextlib.contextmanager
def _without_reaper() -> Iterator[None]:
    """Do without Ryuk, one more image and container: labels and the sweep at the next start do its work."""
    before = testcontainers_config.ryuk_disabled
    testcontainers_config.ryuk_disabled = True
    try:
        yield
    finally:
        testcontainers_config.ryuk_disabled = before


def _first_connection(container: DockerContainer, url: ServerUrl, image: str) -> Connection:
    """Connect as soon as the server answers by TCP; while it initialises, it listens on a socket alone."""
    give_up_at = time.monotonic() + START_LIMIT_S
    look_at = time.monotonic() + 0.5
    seen = answer = ""
    while time.monotonic() < give_up_at and not seen:
        try:
            return connect(url, connect_timeout=2)
        except psycopg.OperationalError as error:
            answer = " ".join(str(error).split())
        if time.monotonic() > look_at:
            seen = _ended(container)
            look_at += 0.5
        time.sleep(0.01)
    raise CannotRun(
        f"PostgreSQL in the container from {image} did not start.",
        seen=seen or f"no session within {START_LIMIT_S:.0f} s: {answer}; its log: {_log(container)}",
        mend=f"try it by hand: {try_by_hand(image)}; or use --server embedded",
    )


def _ended(container: DockerContainer) -> str:
    container.reload()
    return f"it ended: {_log(container)}" if container.status in ("exited", "dead") else ""


def _log(container: DockerContainer) -> str:
    return " ".join(b"".join(container.get_logs()).decode(errors="replace").split())[-600:]
