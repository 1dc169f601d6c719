"""Hands an asynchronous engine to an env.py that takes the connection in `config.attributes` for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from .worker_threads import run_where_it_can

if TYPE_CHECKING:
    from .project import Project


def run_with_what_it_takes(project: Project, act: Callable[[], Any]) -> None:
    """Run env.py; once more with an asynchronous engine where it takes what it is handed for one."""
    try:
        run_where_it_can(act)
    except (AttributeError, TypeError) as error:
        if not (project.task["hand_over"] and _takes_it_for_asynchronous(error) and hand_over_asynchronously(project)):
            raise
        run_where_it_can(act)


def hand_over_asynchronously(project: Project) -> bool:
    """Put an asynchronous engine into `config.attributes["connection"]`, and say whether the driver has one."""
    try:
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - few projects need it

        engine = create_async_engine(project.url, poolclass=NullPool)
    except (ImportError, SQLAlchemyError):  # not installed, or a driver that is not asynchronous
        return False
    project.config.attributes["connection"] = engine
    return True


def _takes_it_for_asynchronous(error: AttributeError | TypeError) -> bool:
    """Whether env.py awaits what a plain connection is not, or asks it for what an asynchronous engine has."""
    return (
        "asynchronous context manager" in str(error) or str(error) == "'Connection' object has no attribute 'connect'"
    )
