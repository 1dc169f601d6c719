"""The revisions that this release knows, read from the chain that it carries, without Alembic and without running them."""

from __future__ import annotations

import ast
import functools
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from flowforge_schema.errors import ConfigurationError

PACKAGE = "flowforge_schema"


@functools.cache
def known_revisions() -> tuple[str, ...]:
    """Return the ids of all revisions, base first. Raises ConfigurationError where there is no chain."""
    return in_order(_parents(chain_folder()))


def chain_folder() -> Traversable:
    """Find the revisions: in an installed package beside this code, in a checkout at its root."""
    package = files(PACKAGE)
    places: tuple[Traversable, ...] = (
        package / "_migrations" / "versions",
        Path(str(package)).parents[1] / "migrations" / "versions",
    )
    for place in places:
        if place.is_dir():
            return place
    raise ConfigurationError(
        "This installation carries no migrations.\n"
        f"  seen: neither {' nor '.join(map(str, places))}\n"
        "  fix: install flowforge-schema from its wheel, or editable from a checkout"
    )


def in_order(parents: dict[str, str | None]) -> tuple[str, ...]:
    """Put revisions in order by their parents, the one without a parent first; the chain is a line."""
    children = {parent: revision for revision, parent in parents.items()}
    ordered: list[str] = []
    revision = children.get(None)
    while revision is not None:
        ordered.append(revision)
        revision = children.get(revision)
    if len(ordered) != len(parents):
        raise ConfigurationError(
            "The chain of migrations is not one line, so it has no single head.\n"
            f"  seen: {', '.join(sorted(set(parents) - set(ordered)))} beside {', '.join(ordered) or 'no base'}\n"
            "  fix: pgharness check --only graph"
        )
    return tuple(ordered)


def _parents(folder: Traversable) -> dict[str, str | None]:
    read = [_identity(file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".py")]
    return dict(read)


def _identity(source: str) -> tuple[str, str | None]:
    """Read `revision` and `down_revision` off a migration's source."""
    values = {
        target.id: node.value.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return str(values["revision"]), None if values["down_revision"] is None else str(values["down_revision"])
