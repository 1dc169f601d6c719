"""Walks the chain with a progress bar, judges it, and tells the report or writes the structure file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pgharness.cli.accepting import accept, require_place_to_accept
from pgharness.cli.exit_codes import FINDINGS, INTERRUPTED, NO_FINDINGS
from pgharness.cli.formats import ReportFormat
from pgharness.cli.project_folder import open_project
from pgharness.cli.writing import require_no_folder, require_place, write_output, writing
from pgharness.findings import CannotRun
from pgharness.report import FORMATS
from pgharness.report.grid import columns
from pgharness.report.model import Report
from pgharness.report.text import Detail, print_report, render_text
from pgharness.running import Advance, Plan, Run, run_checks
from pgharness.settings import Settings

STRUCTURE = 'structure = "schema/structure.sql" in [tool.pgharness]'


def check_chain_and_tell(
    config: Path | None,
    options: Mapping[str, object],
    report_format: ReportFormat,
    output: Path | None,
    *,
    detail: Detail = Detail.NORMAL,
    accept_because: str | None = None,
    strict: bool | None = None,
    write_structure: bool,
) -> None:
    """Judge the chain that configuration and options name, then exit by what was found; or only write the structure file."""
    settings, options, output = open_project(config, options, output)
    if write_structure and settings.structure is None:
        raise CannotRun(
            "There is no structure file to write.",
            seen="`structure` is not set",
            mend=f"set {STRUCTURE}",
        )
    if accept_because is not None:
        _require_whole_run(options)
        require_place_to_accept(settings.accepted)
    if write_structure and settings.structure is not None:
        require_no_folder(settings.structure, "structure file", STRUCTURE)
    require_place(output, "report")
    run = _run(settings)
    if write_structure:
        _write_structure(run, settings.structure)
        return
    if accept_because is not None:
        is_for_programs = report_format is not ReportFormat.TEXT
        told = accept(run.report, settings.accepted, accept_because)
        print("\n".join(told), file=sys.stderr if is_for_programs else sys.stdout)
        if is_for_programs or output is not None:
            _tell(run.report, report_format, output, detail)
        return
    _tell(run.report, report_format, output, detail)
    fails = not run.report.passed or (bool(run.report.missed) and _is_strict(strict))
    sys.exit(FINDINGS if fails else NO_FINDINGS)


def _is_strict(asked: bool | None) -> bool:
    """Whether a check that could not be made fails the run: as asked, else where the environment is that of continuous integration."""
    return os.environ.get("CI", "").lower() in ("true", "1") if asked is None else asked


def _run(settings: Settings) -> Run:
    try:
        with _progress() as begin:
            return run_checks(settings, begin)
    except KeyboardInterrupt:
        print("Interrupted; everything that the run created is removed.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _tell(report: Report, report_format: ReportFormat, output: Path | None, detail: Detail) -> None:
    if output is not None:
        write_output(output, _rendered(report, report_format, detail), "report")
    elif report_format is ReportFormat.TEXT and _is_terminal():
        console = Console(highlight=False)
        print_report(console, report, detail, width=console.width)
    else:
        sys.stdout.write(_rendered(report, report_format, detail))


def _rendered(report: Report, report_format: ReportFormat, detail: Detail) -> str:
    if report_format is ReportFormat.TEXT:
        return render_text(report, detail, width=columns())
    return FORMATS[report_format](report)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _require_whole_run(options: Mapping[str, object]) -> None:
    """Refuse to write a file from which what a shorter run does not find would be missing."""
    given = [f"--{name}" for name in ("only", "skip", "since") if options[name]]
    if given:
        raise CannotRun(
            "Only a whole run can be accepted.",
            seen=f"{', '.join(given)} leaves findings out, which would fail the next run",
            mend="run it without: pgharness check --accept",
        )


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
    with writing(path, "structure file", STRUCTURE):
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
