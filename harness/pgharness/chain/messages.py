"""What is said between the harness and the agent, as frozen dataclasses on this side and JSON on the pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import psycopg

from pgharness.records.experiments import DeclaredEnum, RefusedDdl
from pgharness.records.revisions import Chain, Revision
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure, Frame, Notice, Step

Message = dict[str, Any]
STAND_IN = "_pgharness_stand_in"
"""How the name ends that modules which are imported ahead have for their database, see the agent's ahead.py."""
Direction = Literal["upgrade", "downgrade", "stamp"]
UP: Direction = "upgrade"
DOWN: Direction = "downgrade"
STAMP: Direction = "stamp"


class ImportedTooEarlyError(Exception):
    """The project's modules were imported before env.py set a variable that they read, or connect to what they read without SQLAlchemy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one child of the agent is to do, and all it has to know for that.

    `ini` is relative to `folder`. `parts` are those of the test database's URL, empty where there is no database yet; `rest_of_url` is the URL behind its
    scheme, which the agent chooses by the driver. `environment` is our own, for the agent's may be older; `limits` are environment variables for libpq and `cleared` those that would
    keep it from our own server; `variables` are those that the settings name, with placeholders. With `hand_over`, a deployment finds a live connection in `config.attributes`.
    It goes to the revisions in `targets`, one after the other, else to the heads; `forced` options win over those that env.py gives to
    `context.configure()`. `heads` are those that the chain is read to, else all. `make_config` may be a module
    in the `settings_folder`. `version_locations` are those that env.py was seen to choose.
    """

    task: Literal["read", "deploy", "write_sql", "converse"]
    output: str
    ini: str
    folder: str
    section: str = "alembic"
    x: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    rest_of_url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    driver: str = ""
    metadata: str = ""
    versions_folder: str = ""
    hand_over: bool = False
    targets: tuple[str, ...] = ()
    forced: Mapping[str, bool] = field(default_factory=dict)
    heads: tuple[str, ...] = ()
    make_config: str = ""
    settings_folder: str = ""
    version_locations: tuple[str, ...] = ()

    def as_message(self) -> Message:
        """Return it as it goes over the pipe."""
        return asdict(self)


def chain_of(message: Message) -> Chain:
    """Read what the agent says of the script folder."""
    return Chain(
        tuple(_revision_of(one) for one in message["revisions"]),
        tuple(message["heads"]),
        tuple(message["bases"]),
        message["chosen"],
        tuple(message["left_out"]),
    )


def step_of(message: Message) -> Step:
    """Read what the agent says of a step; the catalog after it is not its business."""
    return Step(
        tuple(statement_of(one) for one in message["statements"]),
        message["duration_s"],
        None,
        failure_of(message["failure"]),
        tuple(Notice(**one) for one in message["notices"]),
    )


def statement_of(message: Message) -> Statement:
    """Read a statement."""
    return Statement(
        message["sql"], message["parameters"], message["file"], message["line"], message["rows"], message["failed"]
    )


def failure_of(message: Message | None) -> Failure | None:
    """Read why something failed, named as PostgreSQL's manual names it (appendix "Error Codes"), whatever the driver calls it.

    Raises ImportedTooEarlyError where it failed only because its modules were imported ahead.
    """
    if message is None:
        return None
    if STAND_IN in message["message"]:
        raise ImportedTooEarlyError
    frames = tuple(Frame(**frame) for frame in message["frames"])
    error = _name_of(message["sqlstate"]) or message["error"]
    return Failure(
        error,
        message["message"],
        message["statement"],
        message["sqlstate"],
        message["refused"],
        frames,
        live_models=tuple(message["live_models"]),
        caught=message.get("caught", False),
        raised_by=message["raised_by"],
    )


def refused_of(messages: Sequence[Message]) -> tuple[RefusedDdl, ...]:
    """Read what was refused of the models."""
    return tuple(RefusedDdl(**one) for one in messages)


def enums_of(messages: Sequence[Message]) -> tuple[DeclaredEnum, ...]:
    """Read the enum types that the models declare."""
    return tuple(DeclaredEnum(one["name"], tuple(one["labels"]), one["python_enum"]) for one in messages)


def _revision_of(message: Message) -> Revision:
    tuples = {name: tuple(message[name]) for name in ("down_revisions", "depends_on", "unsaid_days")}
    return Revision(**{**message, **tuples})


def _name_of(sqlstate: str | None) -> str:
    try:
        return psycopg.errors.lookup(sqlstate or "").__name__
    except KeyError:
        return ""
