"""What differs between SQLAlchemy 1.4 and 2.1, and between Alembic 1.8 and 1.20."""

from __future__ import annotations

import contextlib
import inspect
import sys
from argparse import Namespace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection


def found_versions() -> dict[str, Any]:
    """Return which Python, Alembic and SQLAlchemy there are; a missing one is None."""
    found: dict[str, Any] = {"python": ".".join(map(str, sys.version_info[:3])), "executable": sys.executable}
    for name in ("alembic", "sqlalchemy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def make_config(file: Path, section: str, x: list[str]) -> Config:
    """Make Alembic's configuration as its command line would, for `alembic -n SECTION -x … upgrade head`.

    A pyproject.toml beside an alembic.ini says what that leaves out (Alembic 1.16).
    """
    from alembic.config import Config  # noqa: PLC0415 - it may be missing

    options: dict[str, Any] = {"ini_section": section, "cmd_opts": as_typed(file, section, x)}
    if "toml_file" in inspect.signature(Config.__init__).parameters:
        is_toml = file.suffix == ".toml"
        return Config(
            None if is_toml else str(file),
            toml_file=str(file if is_toml else file.with_name("pyproject.toml")),
            **options,
        )
    return Config(str(file), **options)


def as_typed(file: Path, section: str, x: list[str]) -> Namespace:
    """Return what `alembic upgrade head` leaves in `config.cmd_opts`, which some env.py read."""
    from alembic import command  # noqa: PLC0415 - it may be missing

    return Namespace(
        config=str(file),
        name=section,
        x=x or None,
        raiseerr=False,
        cmd=(command.upgrade, ["revision"], ["sql", "tag"]),
        revision="head",
        sql=False,
        tag=None,
        quiet=False,
    )


def commit(connection: Connection) -> None:
    """Commit what the connection has begun, if it has."""
    if hasattr(connection, "commit"):
        connection.commit()
    elif (transaction := connection.get_transaction()) is not None:
        transaction.commit()


def rollback(connection: Connection) -> None:
    """Undo what the connection has begun, if it has; a lost connection has nothing to undo."""
    with contextlib.suppress(Exception):
        if hasattr(connection, "rollback"):
            connection.rollback()
        elif (transaction := connection.get_transaction()) is not None:
            transaction.rollback()
