"""Hands an asynchronous engine, or a connection of one, to an env.py that takes the connection in `config.attributes` for such."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from .worker_threads import run_where_it_can

if TYPE_CHECKING:
    from .project import Project


def run_with_what_it_takes(project: Project, act: Callable[[], Any]) -> None:
    """Run env.py; once more with an asynchronous engine, or a connection of one, where it takes what it is handed for that."""
    try:
        run_where_it_can(act)
    except (AttributeError, TypeError) as error:
        if not (project.task["hand_over"] and _has_handed_over_another(project, error)):
            raise
        run_where_it_can(act)


def hand_over_asynchronously(project: Project) -> bool:
    """Put an asynchronous engine into `config.attributes["connection"]`, and say whether the driver has one."""
    engine = _engine(project)
    if engine is not None:
        project.config.attributes["connection"] = engine
    return engine is not None


def _has_handed_over_another(project: Project, error: AttributeError | TypeError) -> bool:
    """Put there what env.py takes it for, by what it asks of it, and say whether that is known and to be had."""
    if str(error).endswith("object has no attribute 'run_sync'"):
        return _hand_over_connection(project)
    return _takes_it_for_asynchronous(error) and hand_over_asynchronously(project)


def _hand_over_connection(project: Project) -> bool:
    """Put an asynchronous connection there, which connects in the event loop in which it is first used, for here there is none."""
    engine = _engine(project)
    if engine is None:
        return False
    from sqlalchemy.ext.asyncio import AsyncConnection  # noqa: PLC0415 - few projects need it

    class Connection(AsyncConnection):
        async def run_sync(self, *given: Any, **named: Any) -> Any:
            if self.sync_connection is None:
                await self.start()
            return await super().run_sync(*given, **named)

    project.config.attributes["connection"] = Connection(engine)
    return True


def _engine(project: Project) -> Any:
    """Return an asynchronous engine; None where SQLAlchemy cannot make one, or the driver is not asynchronous."""
    try:
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - few projects need it

        return create_async_engine(project.url, poolclass=NullPool)
    except (ImportError, SQLAlchemyError):
        return None


def _takes_it_for_asynchronous(error: AttributeError | TypeError) -> bool:
    """Whether env.py awaits what a plain connection is not, or asks it for what an asynchronous engine has."""
    return (
        "asynchronous context manager" in str(error) or str(error) == "'Connection' object has no attribute 'connect'"
    )
