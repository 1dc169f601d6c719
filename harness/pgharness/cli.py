"""The command line: `pgharness check`, `diff`, `snapshot` and `plans`."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.ignore_rules import IgnoreRule, IgnoreRules, in_words
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.checks.mending import Proposals, propose
from pgharness.checks.mending import in_words as proposal_in_words
from pgharness.checks.wording import describe_differences
from pgharness.findings import CannotRun, Finding
from pgharness.plans import judge_plans, read_statement_file, with_samples
from pgharness.plans.explaining import STATISTICS_TARGETS
from pgharness.report import FORMATS
from pgharness.report.text import finding_in_text, render_rich
from pgharness.running import Plan, Run, plan_run, run_plan
from pgharness.servers import connect_given
from pgharness.settings import load_settings

NOTHING_FOUND, FOUND, COULD_NOT_RUN = 0, 1, 2
INTERRUPTED = 128 + signal.SIGINT

app = typer.Typer(
    help="Proves an Alembic migration chain right on a real PostgreSQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class ReportFormat(StrEnum):
    """The formats of `check`."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


class DiffFormat(StrEnum):
    """The formats of `diff`."""

    TEXT = "text"
    JSON = "json"


class PlansFormat(StrEnum):
    """The formats of `plans`."""

    TEXT = "text"
    JSON = "json"


class SnapshotFormat(StrEnum):
    """The formats of `snapshot`."""

    JSON = "json"
    SQL = "sql"


def main() -> None:
    """Run the command line; what cannot be run ends with exit code 2 and a message, not with a traceback."""
    try:
        app(standalone_mode=True)
    except CannotRun as reason:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(reason), style="red", markup=False)
    except Exception:  # noqa: BLE001 - Python would end with 1, which means "findings"
        traceback.print_exc()
        print("This is a fault of pgharness itself; the lines above say where.", file=sys.stderr)
    sys.exit(COULD_NOT_RUN)


@app.command()
def check(  # noqa: PLR0917 - typer calls it with names
    config: Annotated[
        Path | None, typer.Option(help=r"The pyproject.toml with \[tool.pgharness]; by default the one here.")
    ] = None,
    alembic: Annotated[Path | None, typer.Option(help=r"The Alembic configuration \[default: alembic.ini].")] = None,
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
    run = _run(plan_run(settings))
    if write_structure:
        _write_structure(run, settings.structure)
        return
    _tell(run, report_format, output)
    sys.exit(NOTHING_FOUND if run.report.passed else FOUND)


@app.command()
def diff(
    left_url: Annotated[str, typer.Argument(help="The URL of one database: postgresql://…")],
    right_url: Annotated[str, typer.Argument(help="The URL of the other.")],
    diff_format: Annotated[DiffFormat, typer.Option("--format", help="How to tell it.")] = DiffFormat.TEXT,
    config: Annotated[
        Path | None, typer.Option(help="The pyproject.toml whose ignore rules hold; by default the one here.")
    ] = None,
) -> None:
    """Compare the schemas of two databases, fact by fact. Exit code 0: equal, 1: a difference, 2: could not run."""
    settings = load_settings(config)
    rules = IgnoreRules(tuple(IgnoreRule(**one.model_dump()) for one in settings.ignore), datetime.now(tz=UTC).date())
    left, right = _snapshot_of(left_url), _snapshot_of(right_url)
    differences = rules.kept(difference(left, right))
    if diff_format is DiffFormat.JSON:
        print(json.dumps(_diff_document(differences), indent=2, ensure_ascii=False))
    else:
        _tell_differences(differences, propose(left, right) if differences else {})
        for rule in rules.rules:
            if rules.is_expired(rule):
                print(f"ignore rule {in_words(rule)} expired on {rule.expires}: {rule.reason}", file=sys.stderr)
    sys.exit(FOUND if differences else NOTHING_FOUND)


@app.command()
def snapshot(
    url: Annotated[str, typer.Argument(help="The URL of the database: postgresql://…")],
    snapshot_format: Annotated[SnapshotFormat, typer.Option("--format", help="Facts, or SQL that makes them.")] = (
        SnapshotFormat.JSON
    ),
) -> None:
    """Print a database's schema: as facts, or as SQL that makes the same schema in an empty database."""
    taken = _snapshot_of(url)
    if snapshot_format is SnapshotFormat.SQL:
        print(render_sql(taken), end="")
    else:
        facts = [
            {"kind": k.kind, "object": k.object, "property": k.property, "value": v} for k, v in taken.facts.items()
        ]
        print(json.dumps({"server_version": taken.server_version_number, "facts": facts}, indent=1, ensure_ascii=False))


@app.command()
def plans(
    url: Annotated[str, typer.Argument(help="The URL of a database that holds as much as production does.")],
    file: Annotated[Path, typer.Argument(help="SQL with `;` between statements, expectations in the comments.")],
    plans_format: Annotated[PlansFormat, typer.Option("--format", help="How to tell it.")] = PlansFormat.TEXT,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run ANALYZE several times, and find plans that depend on its sample.")
    ] = False,
) -> None:
    """Carry out each statement, roll it back, and judge its plans. Exit code 0: nothing found, 1: findings, 2: could not run."""
    texts = read_statement_file(file)
    with connect_given(url) as connection:
        statements = with_samples(connection, texts)
        findings = judge_plans(connection, statements, targets=STATISTICS_TARGETS if analyze else ())
    if plans_format is PlansFormat.JSON:
        document = {"statements": len(statements), "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _tell_plans(len(statements), findings)
    sys.exit(FOUND if findings else NOTHING_FOUND)


def _tell_plans(statements: int, findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(finding_in_text(finding, whole=True), markup=False)
    verdict = f"{len(findings)} findings" if findings else "nothing found"
    console.print(f"{verdict}: {statements} statements", style="bold")


def _snapshot_of(url: str) -> Snapshot:
    with connect_given(url) as connection:
        try:
            return take_snapshot(connection)
        except psycopg.Error as error:
            raise CannotRun(
                "The catalog cannot be read.",
                seen=str(error).splitlines()[0],
                mend="use a role that may connect and read pg_catalog",
            ) from error


def _diff_document(differences: tuple[Difference, ...]) -> dict[str, object]:
    fields = ("kind", "object", "property", "left", "right")
    return {
        "equal": not differences,
        "differences": [{name: getattr(item, name) for name in fields} for item in differences],
    }


def _tell_differences(differences: tuple[Difference, ...], proposals: Proposals) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for told in describe_differences(differences, left="left", right="right"):
        console.print(told.subject, style="bold", markup=False)
        console.print(f"  {told.message}", markup=False)
        for line in told.evidence.splitlines():
            console.print(f"    {line}", style="dim", markup=False)
        if told.kind != "column order of table":
            console.print(f"  to make left like right: {proposal_in_words(told, proposals)}", markup=False)
    console.print(f"{len(differences)} facts differ" if differences else "equal", style="bold")


def _run(plan: Plan) -> Run:
    try:
        with _progress(plan) as progress:
            return run_plan(plan, progress)
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
def _progress(plan: Plan) -> Iterator[Callable[[str], None]]:
    """Show a bar on standard error where that is a terminal; give the function that advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting a server", total=plan.steps)

        def advance(label: str) -> None:
            progress.update(task, advance=1, description=label)

        yield advance
