"""Tells a database that looks like production, in which no development data may land."""

from __future__ import annotations

import re
from importlib.resources import files

from sqlalchemy import Connection, text

from flowforge_schema.errors import AppError
from flowforge_schema.seed.story import SEED_ID_PATTERN

# What a database says of itself: ALTER DATABASE flowforge SET flowforge.environment = 'production'. It has the last word.
ENVIRONMENT_SETTING = "flowforge.environment"
PRODUCTION = re.compile(r"(?:^|[^a-z])(?:prod|production|live)(?:[^a-z]|$)", re.IGNORECASE)
# What a developer or a test run leaves behind, and real use soon exceeds.
STRANGE_USERS_MAX = 20
STRANGE_RUNS_MAX = 1_000


class SeedRefusedError(AppError):
    """The database is not one for development data; nothing was changed."""

    code = "seed_refused"
    http_status = 409
    title = "This database is not for development data."


def refuse_production(connection: Connection) -> None:
    """Raise SeedRefusedError where the database looks like production, and say by what."""
    signs = production_signs(connection)
    if signs:
        raise SeedRefusedError(
            "This database looks like production, and development data does not belong there.\n"
            + "".join(f"  seen: {sign}\n" for sign in signs)
            + "  fix: name another database in FLOWFORGE_DB_URL; where this one is for development after all, say so: "
            + f"ALTER DATABASE … SET {ENVIRONMENT_SETTING} = 'development', or --force once"
        )


def production_signs(connection: Connection) -> tuple[str, ...]:
    """Return what makes the database look like production; empty where nothing does.

    It says so itself (`flowforge.environment`), or its name does, or it holds more users or runs that are not of the
    seed than development leaves behind. A database that says it is something else is believed.
    """
    environment = connection.scalar(text("SELECT current_setting(:name, true)"), {"name": ENVIRONMENT_SETTING})
    if environment:
        says_so = PRODUCTION.search(environment)
        return (f"its setting {ENVIRONMENT_SETTING} is {environment!r}",) if says_so else ()
    name = connection.scalar(text("SELECT current_database()"))
    by_name = (f"its name is {name!r}",) if PRODUCTION.search(str(name)) else ()
    return (*by_name, *_signs_in_rows(connection))


def _signs_in_rows(connection: Connection) -> tuple[str, ...]:
    if connection.scalar(text("SELECT to_regclass('public.workflow_runs')")) is None:
        return ()
    query = (files(__package__) / "strangers.sql").read_text(encoding="utf-8")
    most = {"most_users": STRANGE_USERS_MAX, "most_runs": STRANGE_RUNS_MAX}
    users, runs = connection.execute(text(query), {"seed_ids": SEED_ID_PATTERN, **most}).one()
    by_users = (f"it has more than {STRANGE_USERS_MAX} users that are not of the seed",)
    by_runs = (f"it has more than {STRANGE_RUNS_MAX:,} runs that are not of the seed",)
    return (*(by_users if users > STRANGE_USERS_MAX else ()), *(by_runs if runs > STRANGE_RUNS_MAX else ()))
