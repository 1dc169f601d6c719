"""`pgharness check`: walks the chain on a real server, makes every check, and tells what was found."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pgharness.cli.exit_codes import FOUND, NOTHING_FOUND
from pgharness.findings import CannotRun
from pgharness.report import FORMATS
from pgharness.report.text import render_rich
from pgharness.running import Advance, Plan, Run, run_checks
from pgharness.settings import Settings, load_settings

INTERRUPTED = 128 + signal.SIGINT


class ReportFormat(StrEnum):
    """The formats of `check`."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def check(  # noqa: PLR0917 - typer calls it with names
    config: Annotated[
        Path | None, typer.Option(help=r"The pyproject.toml with \[tool.pgharness]; by default the one here.")
    ] = None,
    alembic: Annotated[Path | None, typer.Option(help=r"The Alembic configuration \[default: alembic.ini].")] = None,
    section: Annotated[
        str | None, typer.Option("--name", "-n", help="The section of the Alembic configuration, as `alembic -n`.")
    ] = None,
    x: Annotated[
        list[str] | None,
        typer.Option("-x", metavar="KEY=VALUE", help="What env.py gets by get_x_argument(), as `alembic -x`."),
    ] = None,
    python: Annotated[
        Path | None, typer.Option(help="The interpreter that runs the project; by default its virtual environment's.")
    ] = None,
    metadata: Annotated[
        str | None, typer.Option(help="The models, as package.module:attribute; by default env.py's target_metadata.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(help=r"auto, container, embedded, or postgresql://… of a running server \[default: auto]."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Make this check alone; may be given several times.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Do not make this check; may be given several times.")] = None,
    since: Annotated[str | None, typer.Option(help="Judge only the revisions after this one.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="A file of SQL to run before the chain.")] = None,
    statements: Annotated[
        Path | None, typer.Option(help="A file of the SQL that the application sends, `;` between statements.")
    ] = None,
    report_format: Annotated[ReportFormat, typer.Option("--format", help="How to tell it.")] = ReportFormat.TEXT,
    output: Annotated[Path | None, typer.Option(help="The file to write to; by default standard output.")] = None,
    write_structure: Annotated[
        bool, typer.Option("--write-structure", help="Write the structure file from the chain's head, then stop.")
    ] = False,
) -> None:
    """Walk the chain on a real server and make every check. Exit code 0: nothing found, 1: findings, 2: could not run."""
    settings = load_settings(
        config,
        alembic=alembic,
        section=section,
        x=tuple(x or ()),
        python=python,
        metadata=metadata,
        server=server,
        only=tuple(only or ()) if not write_structure else ("structure",),
        skip=tuple(skip or ()),
        since=since,
        baseline=baseline,
        statements=statements,
    )
    if write_structure and settings.structure is None:
        raise CannotRun(
            "There is no structure file to write.",
            seen="`structure` is not set",
            mend='set structure = "schema/structure.sql" in [tool.pgharness]',
        )
    _require_folder(output)
    run = _run(settings)
    if write_structure:
        _write_structure(run, settings.structure)
        return
    _tell(run, report_format, output)
    sys.exit(NOTHING_FOUND if run.report.passed else FOUND)


def _run(settings: Settings) -> Run:
    try:
        with _progress() as begin:
            return run_checks(settings, begin)
    except KeyboardInterrupt:
        print("Interrupted; nothing of the run is left.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _require_folder(output: Path | None) -> None:
    """Refuse before the run what could not be written after it."""
    if output is not None and not output.absolute().parent.is_dir():
        raise CannotRun(
            f"The report cannot be written to {output}.",
            seen=f"there is no folder {output.absolute().parent}",
            mend=f"make it: mkdir -p {output.parent}; or name another file: --output FILE",
        )


def _tell(run: Run, report_format: ReportFormat, output: Path | None) -> None:
    if output is not None:
        output.write_text(FORMATS[report_format](run.report), encoding="utf-8")
    elif report_format is ReportFormat.TEXT and _is_terminal():
        Console().print(render_rich(run.report))
    else:
        sys.stdout.write(FORMATS[report_format](run.report))


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _write_structure(run: Run, path: Path | None) -> None:
    assert path is not None
    if run.record.structure is None:
        raise CannotRun(
            "The structure file was not written.",
            seen="the chain does not reach its heads"
            if run.record.head is None
            else "the check `structure` is skipped",
            mend="run pgharness check and correct what it finds",
        )
    if run.record.structure.unwritable is not None:
        raise run.record.structure.unwritable
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(run.record.structure.expected_text, encoding="utf-8")
    print(f"wrote {path}")


@contextmanager
def _progress() -> Iterator[Callable[[Plan], Advance]]:
    """Show a bar on standard error where that is a terminal; give what begins to count, once it is known how far it goes."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    if not console.is_terminal:  # where it is disabled, Progress prints an empty line (rich before 14.1)
        yield lambda _plan: lambda _label: None
        return
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting a server, reading the chain", total=None)

        def begin(plan: Plan) -> Advance:
            progress.update(task, total=plan.steps)
            return lambda label: progress.update(task, advance=1, description=label)

        yield begin
