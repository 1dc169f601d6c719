"""Makes what plugins of Alembic's comparison declare beside the models: the functions and views of alembic_utils, and the like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import produce_migrations
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer

from .models import Refused, try_each
from .versions import commit, rollback

if TYPE_CHECKING:
    from .environment import Environment


def make_what_plugins_declare(environment: Environment) -> list[Refused]:
    """Do in the models' database what plugins would still draft for it, but drop nothing; return what was refused.

    What such a comparison raises is told where it is asked at the heads.
    """
    if not _operations_of_plugins() or not environment.target_metadata:
        return []
    operations: list[MigrateOperation] = []
    with suppress(Exception):  # a plugin is anybody's code
        operations = list(_drafted_by_plugins(environment))
    rollback(environment.connection)
    invoke = Operations(environment.new_context()).invoke
    refused = try_each(environment.connection, [partial(invoke, operation) for operation in operations])
    commit(environment.connection)
    return refused


def leaves(operation: MigrateOperation) -> Iterator[MigrateOperation]:
    """Yield the operations that a container holds at any depth, or the operation itself."""
    if isinstance(operation, OpContainer):
        for inner in operation.ops:
            yield from leaves(inner)
    else:
        yield operation


def _operations_of_plugins() -> list[type[Any]]:
    """Return the kinds of operations that others have registered with Alembic."""
    registered: dict[tuple[Any, ...], Any] = Operations._to_impl._registry  # told nowhere else  # noqa: SLF001
    return [key[0] for key in registered if not key[0].__module__.startswith("alembic.")]


def _drafted_by_plugins(environment: Environment) -> Iterator[MigrateOperation]:
    context = environment.new_context()
    script = produce_migrations(context, context.opts["target_metadata"])
    made = tuple(kind for kind in _operations_of_plugins() if "drop" not in kind.__name__.lower())
    for container in script.upgrade_ops_list:
        yield from (operation for operation in leaves(container) if isinstance(operation, made))
