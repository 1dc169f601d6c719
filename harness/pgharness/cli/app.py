"""The command line: its commands, and how what cannot be run is told."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import typer
from rich.console import Console

from pgharness.cli.exit_codes import COULD_NOT_RUN
from pgharness.findings import CannotRun

COMMANDS = ("check", "diff", "snapshot", "plans")


def app(arguments: Sequence[str], *, standalone_mode: bool = True) -> None:
    """Run one command; of the others' modules none is imported, for `diff` needs half of what `check` does."""
    known = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    known.callback()(_prove)
    for name in arguments[:1] if set(arguments[:1]) & set(COMMANDS) else COMMANDS:
        known.command(name)(getattr(import_module(f"pgharness.cli.{name}"), name))
    known(arguments, standalone_mode=standalone_mode)


def _prove() -> None:
    """Proves an Alembic migration chain right on a real PostgreSQL."""


def main() -> None:
    """Run the command line; what cannot be run ends with exit code 2 and a message, not with a traceback."""
    # A catalog is a hundred thousand small values without circles; to look for circles among them takes as long as to make them.
    gc.set_threshold(100_000, 50, 50)
    try:
        app(sys.argv[1:])
    except CannotRun as reason:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(reason), style="red", markup=False)
    except Exception:  # noqa: BLE001 - Python would end with 1, which means "findings"
        traceback.print_exc()
        print("This is a fault of pgharness itself; the lines above say where.", file=sys.stderr)
    sys.exit(COULD_NOT_RUN)
