"""The command `pgharness check` and its options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pgharness.cli.formats import ReportFormat, choices
from pgharness.cli.project_options import BaselineFile, ConfigFile, Interpreter, SectionName, ServerName, XArguments
from pgharness.findings import CannotRun


def check(  # noqa: PLR0917 - typer calls it with names
    config: ConfigFile = None,
    alembic: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="The Alembic configuration [default: alembic.ini].")
    ] = None,
    section: SectionName = None,
    x: XArguments = None,
    python: Interpreter = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:NAME", help="The models, as package.module:attribute; by default env.py's target_metadata."
        ),
    ] = None,
    server: ServerName = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Run only this check; may be repeated.")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(metavar="CHECK", help="Skip this check; may be repeated.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="REV", help="Judge only the revisions after this one, by id or file.")
    ] = None,
    previous: Annotated[
        str | None,
        typer.Option(
            metavar="GITREF", help="The release before, as git knows it: compat judges the revisions that it has not."
        ),
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(metavar="REV", help="Judge only what leads to this head, REV or BRANCH@head; may be repeated."),
    ] = None,
    baseline: BaselineFile = None,
    statements: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file of the SQL that the application sends, `;` between statements."),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Production's sizes, as `pgharness profile` writes them.")
    ] = None,
    traffic: Annotated[
        bool, typer.Option("--traffic", help="Run the newest revisions under readers and writers, on large tables.")
    ] = False,
    report_format: Annotated[
        ReportFormat, typer.Option("--format", metavar="FORMAT", help=choices(ReportFormat))
    ] = ReportFormat.TEXT,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print findings and the verdict alone.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print all evidence, every object, each revision's row.")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="Accept what is found today: write it to a file, and fail for new findings only."
        ),
    ] = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why it is accepted, for the file that --accept writes.")
    ] = ("found when pgharness came"),
    strict: Annotated[
        bool | None,
        typer.Option(
            "--strict/--no-strict",
            help="Exit with 1 where a check could not be made that nobody skipped [default: where CI=true].",
        ),
    ] = None,
    write_structure: Annotated[
        bool, typer.Option("--write-structure", help="Write the structure file from the chain's head, then stop.")
    ] = False,
) -> None:
    """Run the chain on a real server and judge it by every check. Exit code 0: no findings, 1: findings, 2: could not run."""
    from pgharness.cli.checking import check_chain_and_tell
    from pgharness.report.text import Detail

    check_chain_and_tell(
        config,
        {
            "alembic": _the_only(alembic or ()),
            "section": section,
            "x": tuple(x or ()),
            "python": python,
            "metadata": metadata,
            "server": server,
            "only": tuple(only or ()) if not write_structure else ("structure",),
            "skip": tuple(skip or ()),
            "since": since,
            "previous": previous,
            "heads": tuple(head or ()),
            "baseline": baseline,
            "statements": statements,
            "profile": profile,
            "traffic": traffic or None,
        },
        report_format,
        output,
        detail=Detail.WHOLE if verbose else Detail.QUIET if quiet else Detail.NORMAL,
        accept_because=reason if accept else None,
        strict=strict,
        write_structure=write_structure,
    )


def _the_only(given: Sequence[Path]) -> Path | None:
    """Return the one configuration that is named, or None. Raises CannotRun for several, of which all but one would be passed over."""
    if len(given) > 1:
        raise CannotRun(
            "One run judges one chain.",
            seen=f"--alembic names {' and '.join(map(str, given))}",
            mend="run once for each: " + "; ".join(f"pgharness check --alembic {path}" for path in given),
        )
    return given[0] if given else None
