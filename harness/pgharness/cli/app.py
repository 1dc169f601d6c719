"""The command line: its commands, and how what cannot be run is told."""

from __future__ import annotations

import functools
import gc
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console
from typer.core import TyperGroup
from typing_extensions import override

from pgharness.cli.check import check
from pgharness.cli.diff import diff
from pgharness.cli.exit_codes import COULD_NOT_RUN, INTERRUPTED
from pgharness.cli.explain import explain
from pgharness.cli.plain_signs import use_plain_signs
from pgharness.cli.plans import plans
from pgharness.cli.profile import profile
from pgharness.cli.record import record
from pgharness.cli.snapshot import snapshot
from pgharness.cli.trace import trace
from pgharness.findings import CannotRun

P = ParamSpec("P")

# What the library that reads options puts before the words of an error of its own.
_PREFIX = "Value error, "


class _Commands(TyperGroup):
    """The commands, with errors of options in words alone."""

    @override
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_PREFIX)
            raise


app = typer.Typer(
    cls=_Commands,
    help="Test an Alembic migration chain on a real PostgreSQL server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its tables cut the names of choices in the middle, and have a third of the width for words
)


def _interruptible(command: Callable[P, None]) -> Callable[P, None]:
    """Let an interrupt end a command with its own code; typer would end it with 1, which means "findings"."""

    @functools.wraps(command)
    def run_command(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None

    return run_command


for command in (check, explain, trace, diff, snapshot, plans, record, profile):
    app.command()(_interruptible(command))


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import distributions  # it loads half of the email package, which no command needs

        names = ("pgharness", "pgharness-core")
        print(f"pgharness {next(one.version for name in names for one in distributions(name=name))}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def run() -> None:
    """Run the command line; what cannot be run ends with exit code 2 and a message, not with a traceback."""
    # A catalog is a hundred thousand small values without circles; to look for circles among them takes as long as to make them.
    gc.set_threshold(100_000, 50, 50)
    use_plain_signs(sys.stdout)
    try:
        app(standalone_mode=True)
    except CannotRun as reason:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(reason), style="red", markup=False)
    except Exception:  # noqa: BLE001 - Python would end with 1, which means "findings"
        print("Internal error in pgharness; please report it with the lines below:", file=sys.stderr)
        traceback.print_exc()
    sys.exit(COULD_NOT_RUN)
