"""The container engine: whether one answers, whether it has an image, and what dead runs left in it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from docker import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from requests.exceptions import RequestException

from pgharness.findings import CannotRun
from pgharness.servers.container.engine_ping import START_ONE
from pgharness.servers.run_identity import owner_is_here, owner_lives

OWNER_LABEL = "pgharness.owner"
ABANDONED_AFTER = timedelta(days=1)
_ENGINE_ERRORS = (DockerException, RequestException, OSError)


@contextlib.contextmanager
def explained(image: str) -> Iterator[None]:
    """Turn what the engine's library raises into CannotRun."""
    try:
        yield
    except _ENGINE_ERRORS as error:
        refused = isinstance(error, APIError)  # it answers, but not with what it was asked for
        raise CannotRun(
            f"Could not start a container from {image}.",
            seen=f"{type(error).__name__}: {' '.join(str(error).split())[:400]}",
            mend=f"try it by hand: {try_by_hand(image)}; or use --server embedded" if refused else START_ONE,
        ) from error


def try_by_hand(image: str) -> str:
    """Return the command that starts a container of `image` much as we do."""
    return f"docker run --rm -e POSTGRES_HOST_AUTH_METHOD=trust {image}"


def require_image(client: DockerClient, image: str) -> Any:
    """Return the image, pulled if the engine does not have it. Raises CannotRun."""
    try:
        return client.images.get(image)
    except ImageNotFound:
        print(f"pgharness: pulling {image}", file=sys.stderr)  # noqa: T201 - it may take minutes, and nobody else says so
    try:
        return client.images.pull(image)
    except APIError as error:
        raise CannotRun(
            f"Image {image} not found.",
            seen=f"the engine does not have it and could not pull it: {' '.join(str(error.explanation or error).split())[:300]}",
            mend=f"docker pull {image}, or name an image that the engine has: PGHARNESS_IMAGE=…",
        ) from error


def remove_container(client: DockerClient, name: str) -> None:
    """Remove a container and its volumes, if it came to be; where the engine is gone by now, say what stays."""
    try:
        client.api.remove_container(name, v=True, force=True)
    except NotFound:
        pass
    except _ENGINE_ERRORS as error:
        seen = " ".join(str(error).split())[:200]
        print(  # noqa: T201 - the run itself is done, so that this is all that is left to do
            f"pgharness: could not remove the container {name}: {seen}\n"
            f"  the next run removes it, or: docker rm --force --volumes {name}",
            file=sys.stderr,
        )


def sweep_containers(client: DockerClient) -> None:
    """Remove the containers of runs that were killed; those of live runs are left alone."""
    for container in client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
        if _is_abandoned(container):
            with contextlib.suppress(Exception):  # another run sweeps too
                container.remove(force=True, v=True)


def _is_abandoned(container: Container) -> bool:
    owner = container.labels.get(OWNER_LABEL, "")
    if owner_is_here(owner):
        return not owner_lives(owner)
    made_at = datetime.fromisoformat(container.attrs["Created"][:19]).replace(tzinfo=UTC)
    return datetime.now(UTC) - made_at > ABANDONED_AFTER
