"""Walks the chain with a progress bar, judges it, and tells the report or writes the structure file."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pgharness.cli.exit_codes import FINDINGS, NO_FINDINGS
from pgharness.cli.formats import ReportFormat
from pgharness.findings import CannotRun
from pgharness.report import FORMATS
from pgharness.report.text import render_rich
from pgharness.running import Advance, Plan, Run, run_checks
from pgharness.settings import Settings, load_settings

INTERRUPTED = 128 + signal.SIGINT


def check_chain_and_tell(
    config: Path | None,
    options: Mapping[str, object],
    report_format: ReportFormat,
    output: Path | None,
    *,
    write_structure: bool,
) -> None:
    """Judge the chain that configuration and options name, then exit by what was found; or only write the structure file."""
    settings = load_settings(config, **options)
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
    sys.exit(NO_FINDINGS if run.report.passed else FINDINGS)


def _run(settings: Settings) -> Run:
    try:
        with _progress() as begin:
            return run_checks(settings, begin)
    except KeyboardInterrupt:
        print("Interrupted; everything that the run created is removed.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _require_folder(output: Path | None) -> None:
    """Refuse before the run what could not be written after it."""
    if output is not None and not output.absolute().parent.is_dir():
        raise CannotRun(
            f"Could not write the report to {output}.",
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
            seen="the chain fails to upgrade to its heads"
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
