"""The command line: `flowforge-schema upgrade`, `downgrade`, `current`, `check`, `seed`, `distribute`, `undistribute` and `settings`.

What a command needs it imports itself: `--help` would else wait a second for SQLAlchemy, Alembic and Pydantic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flowforge_schema.distribute import Outcome
    from flowforge_schema.seed import Scale
    from flowforge_schema.settings import DatabaseSettings

DONE, FOUND, COULD_NOT = 0, 1, 2
INTERRUPTED = 130

# Those of `migrate.Patience`, `distribute` and `settings`, without importing them.
LOCK_TIMEOUT_MS, ATTEMPTS = 5_000, 6
SHARDS, MOST_WAIT_S = 32, 60
ENVIRONMENT_PREFIX = "FLOWFORGE_DB_"

HELP = f"""Looks after the database of FlowForge: its schema and its development data.

The database is named by the environment: {ENVIRONMENT_PREFIX}URL=postgresql+psycopg://user:password@host:5432/name, never on the
command line, where others would see the password. `flowforge-schema settings` shows what is in force.

Exit codes: 0 done; 1 the check found something; 2 could not be done, with what was seen and what to type.
"""


class _Group(TyperGroup):
    """Ends with a message and exit code 2, not with a traceback, where something cannot be done."""

    def invoke(self, ctx: Any) -> Any:  # typer's own copy of click, or click's, by its version
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as reason:
            from flowforge_schema.errors import AppError

            if not isinstance(reason, AppError):
                raise
            _complain(reason.message)
            raise typer.Exit(COULD_NOT) from reason


app = typer.Typer(
    cls=_Group,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        _say(version("flowforge-schema"))
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the release, and exit.")
    ] = False,
) -> None:
    """Look after the database; the help is that of the application."""


LockTimeout = Annotated[
    int, typer.Option(min=1, help="How many milliseconds a statement may wait for a lock, and others behind it.")
]
Attempts = Annotated[int, typer.Option(min=1, help="How often to try a revision that did not get its lock.")]


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Where to go; head is the newest that this release knows.")] = "head",
    lock_timeout_ms: LockTimeout = LOCK_TIMEOUT_MS,
    attempts: Attempts = ATTEMPTS,
) -> None:
    """Bring the schema up to date.

    Safe to run at any time and from several machines at once: one upgrade works, the others wait and then find nothing to
    do. Each revision is a transaction; a failure leaves the database at the last one that was done.
    """
    from flowforge_schema import migrate
    from flowforge_schema.settings import DatabaseSettings

    patience = migrate.Patience(lock_timeout_ms=lock_timeout_ms, attempts=attempts)
    status = migrate.upgrade(DatabaseSettings.load(), revision, patience=patience, tell=_say)
    _say(f"at {status.revision}")
    for index in status.invalid_indexes:
        _complain(migrate.say_invalid(index))


@app.command(context_settings={"ignore_unknown_options": True})  # so that -1 is a revision
def downgrade(
    revision: Annotated[
        str, typer.Argument(help="Where to go back to: a revision, -1 for one back, or base for none.")
    ],
    confirm: Annotated[
        str | None, typer.Option(metavar="DATABASE", help="The database's name, instead of being asked for it.")
    ] = None,
    lock_timeout_ms: LockTimeout = LOCK_TIMEOUT_MS,
    attempts: Attempts = ATTEMPTS,
) -> None:
    """Take revisions back, with all that only they hold.

    Tables and columns that go take their rows with them. A database that looks like production has to be named first.
    """
    from flowforge_schema import migrate
    from flowforge_schema.settings import DatabaseSettings

    settings = DatabaseSettings.load()
    _confirm_loss(settings, revision, confirm)
    patience = migrate.Patience(lock_timeout_ms=lock_timeout_ms, attempts=attempts)
    status = migrate.downgrade(settings, revision, patience=patience, tell=_say)
    _say(f"at {status.revision or 'base'}")


@app.command()
def current() -> None:
    """Show the database's revision and what an upgrade would run."""
    from flowforge_schema import migrate
    from flowforge_schema.settings import DatabaseSettings

    status = migrate.current(DatabaseSettings.load())
    remark = " (head)" if status.revision == status.head else ""
    if not status.is_known:
        remark = f" (ahead of this release, whose last is {status.head})"
    _say(f"{status.revision or 'base'}{remark}")
    for revision in status.pending:
        _say(f"pending: {revision}")


@app.command()
def check() -> None:
    """Compare the database with this release: revisions that were not run, invalid indexes, other differences."""
    from flowforge_schema import migrate
    from flowforge_schema.settings import DatabaseSettings

    problems = migrate.check(DatabaseSettings.load())
    for problem in problems:
        _say(problem)
    if problems:
        raise typer.Exit(FOUND)
    _say("the schema is the one of this release")


@app.command()
def seed(
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="runs=N",
            help="Also make so many runs, with logs and events: runs=1000000, or runs=1000000,workflows=5000,users=500. "
            "Goes on where an earlier call was interrupted.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="How many connections make them.")] = 2,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also where the database looks like production. Its passwords are published!"),
    ] = False,
) -> None:
    """Add development data: a small company whose users, workflows, runs and events tell a story.

    Running it again changes nothing. The people sign in with a published password, so a database that looks like
    production is refused.
    """
    from flowforge_schema.seed import Scale, plant_story, story
    from flowforge_schema.settings import DatabaseSettings

    volume = None if scale is None else _read(scale, Scale.parse)
    settings, now = DatabaseSettings.load(), datetime.now(UTC)
    _refuse_old_schema(settings)
    with _connected(settings) as connection, connection.begin():
        added = plant_story(connection, now=now, force=force)
    for table, rows in added.items():
        _say(f"{table}: {rows} added")
    _say(
        f"sign in as mara@kiln-and-clay.example with {story.PASSWORD!r}; a key: {story.api_key_text('ff_seed_deployment')}"
    )
    if volume is not None:
        _make_volume(settings, volume, now, workers)


def _read(text: str, parse: Callable[[str], Scale]) -> Scale:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scale") from error


OnlyPlan = Annotated[
    bool, typer.Option("--plan", help="Print the SQL and how long writers would wait; change nothing.")
]
MostWait = Annotated[float, typer.Option(min=0, help="How many seconds writers may wait; beyond that nothing is done.")]


@app.command()
def distribute(
    plan: OnlyPlan = False,
    shards: Annotated[
        int, typer.Option(min=1, max=1024, help="Into how many parts runs are cut: 4 to 8 a node.")
    ] = SHARDS,
    most_wait_s: MostWait = MOST_WAIT_S,
) -> None:
    """Spread the tables over the nodes of a Citus cluster, whose coordinator the environment names.

    One transaction, during which writers wait. Running it again does what is wanting, or nothing. See
    docs/guides/when-one-machine-is-not-enough.md.
    """
    from flowforge_schema.distribute import distribute as spread
    from flowforge_schema.settings import DatabaseSettings

    done = spread(DatabaseSettings.load(), shards=shards, only_plan=plan, most_wait_s=most_wait_s)
    _tell_outcome(done, plan, "the tables are distributed")


@app.command()
def undistribute(plan: OnlyPlan = False, most_wait_s: MostWait = MOST_WAIT_S) -> None:
    """Make plain tables of all again, on the coordinator; the reverse of `distribute`, in one transaction."""
    from flowforge_schema.distribute import undistribute as gather
    from flowforge_schema.settings import DatabaseSettings

    done = gather(DatabaseSettings.load(), only_plan=plan, most_wait_s=most_wait_s)
    _tell_outcome(done, plan, "the tables are plain ones")


def _tell_outcome(done: Outcome, only_plan: bool, state: str) -> None:
    from flowforge_schema.distribute.telling import tell_plan

    for line in tell_plan(done.plan) if only_plan else ():
        _say(line)
    if not only_plan:
        _say(f"{state}{'' if done.is_done else ' already'}")


@app.command()
def settings() -> None:
    """Show each setting and whether the environment sets it; passwords are masked."""
    from flowforge_schema.settings import DatabaseSettings

    loaded = DatabaseSettings.load()
    for name in type(loaded).model_fields:
        source = "set" if name in loaded.model_fields_set else "default"
        _say(f"{ENVIRONMENT_PREFIX}{name.upper()}={_masked(getattr(loaded, name))}  ({source})")


def _make_volume(settings: DatabaseSettings, scale: Scale, now: datetime, workers: int) -> None:
    from flowforge_schema.seed import make_volume

    try:
        with _bar(scale.runs) as advance:
            volume = make_volume(settings.primary_url, scale, now=now, workers=workers, advance=advance)
    except KeyboardInterrupt:
        _complain("Interrupted; what was finished stays.\n  fix: the same command goes on from there")
        raise typer.Exit(INTERRUPTED) from None
    _say(
        f"{volume.rows:,} rows in {volume.duration_s:.1f} s ({volume.rows_per_second:,.0f} a second), "
        f"VACUUM ANALYZE {volume.analyze_s:.1f} s"
    )


def _refuse_old_schema(settings: DatabaseSettings) -> None:
    from flowforge_schema import migrate

    status = migrate.current(settings)
    migrate.refuse_unknown(status)
    if status.revision != status.head:
        raise migrate.MigrationError(
            "The schema is not the one that the development data is for.\n"
            f"  seen: the database is at {status.revision or 'base'}, this release at {status.head}\n"
            "  fix: flowforge-schema upgrade"
        )


def _confirm_loss(settings: DatabaseSettings, revision: str, confirm: str | None) -> None:
    """Have the database named where it looks like production. Raises MigrationError where it is not."""
    from flowforge_schema import migrate
    from flowforge_schema.seed import production_signs

    migrate.current(settings)  # says more than the engine does where the database cannot be reached
    with _connected(settings) as connection:
        signs = production_signs(connection)
    name = settings.primary_url.database
    if not signs or confirm == name:
        return
    _complain(f"This would take back revisions of {name!r}, which looks like production: {'; '.join(signs)}.")
    if confirm is None and sys.stdin.isatty() and typer.prompt("The database's name, to go on") == name:
        return
    raise migrate.MigrationError(
        "Nothing was taken back.\n"
        f"  seen: {'no name was given' if confirm is None else f'{confirm!r} is not its name'}\n"
        f"  fix: flowforge-schema downgrade {revision} --confirm {name}"
    )


@contextmanager
def _connected(settings: DatabaseSettings) -> Iterator[Connection]:
    from flowforge_schema.engine import create_script_engine

    engine = create_script_engine(settings)
    with engine.connect() as connection:
        yield connection


@contextmanager
def _bar(runs: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error where that is a terminal; give the function that advances it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("runs", total=runs)
        yield lambda made: progress.advance(task, made)


def _masked(value: object) -> str:
    """Return a setting as text: a URL without its password, wherever in it that stands."""
    from pydantic import SecretStr

    from flowforge_schema.settings import parse_url

    if not isinstance(value, SecretStr):
        return str(value)
    url = parse_url(value.get_secret_value())
    secret = [name for name in url.query if "password" in name]
    return url.difference_update_query(secret).render_as_string(hide_password=True)


def _say(line: str) -> None:
    typer.echo(line)


def _complain(message: str) -> None:
    typer.secho(message, err=True, fg=typer.colors.RED)
