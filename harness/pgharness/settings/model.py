"""What a run may be asked to do: each setting with its type, its default and its bounds; options win over variables, and these over the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

DEFAULT_IMAGE = "postgres:18"
PREFIX = "PGHARNESS_"
PLACEHOLDERS = ("url", "host", "port", "user", "password", "database")

MINOR_DIFFERENCES = (
    "column order",
    "not null names",
    "lock timeout",
    "downgrade locks",
    "old locks",
    "given numbers",
    "untypical texts",
)
"""What the setting `strict` may name."""


class IgnoreSetting(BaseModel):
    """One fact, or a glob of facts, that comparisons leave out, and why; after `expires` it is a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = "*"
    object: str = "*"
    property: str = "*"
    reason: str = Field(min_length=1)
    expires: date | None = None


class Settings(BaseSettings):
    """The settings of one run; paths are resolved against the folder of the configuration file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    alembic: Path = Path("alembic.ini")
    """The Alembic configuration file, or where there is none, the folder that holds env.py."""
    make_config: str | None = None
    """What makes the Alembic configuration, as `module:function`, where your program makes it itself: it gives an
    `alembic.config.Config`, and gets the URL of the test database if it takes an argument. The module may lie beside this file."""
    section: str = "alembic"
    """The section of the Alembic configuration, as with `alembic -n`."""
    x: Annotated[tuple[str, ...], NoDecode] = ()
    """What env.py finds by `context.get_x_argument()`, as with `alembic -x`: KEY=VALUE. `{url}` and its parts stand for those of the test
    database, as in `environment`."""
    python: Path | None = None
    """The interpreter (or virtual environment) that runs the project's code; without it, VIRTUAL_ENV, a `.venv` beside the
    Alembic configuration, or our own."""
    driver: str | None = None
    """The driver of the URL that env.py is given (`postgresql+asyncpg`); without it, that of the project's own URL, or the one
    that is installed."""
    metadata: str | None = None
    """The models as `package.module:attribute`; without it, what env.py names as `target_metadata`."""
    structure: Path | None = None
    """The SQL file that the chain's head must equal."""
    server: str = "auto"
    """`auto`, `container`, `embedded`, or the URL of a running server."""
    image: str = DEFAULT_IMAGE
    """The image of a container."""
    only: Annotated[tuple[str, ...], NoDecode] = ()
    """The only checks to run."""
    skip: Annotated[tuple[str, ...], NoDecode] = ()
    """The checks to skip."""
    checks: Annotated[tuple[str, ...], NoDecode] = ()
    """Checks of the project's own, as `module:ATTRIBUTE`, imported where pgharness runs, also from the configuration's folder."""
    since: str | None = None
    """Judge only the revisions after this one (its id or file, the beginning of one, or `head`), and what models and files of today say of the heads."""
    app_role: str | None = None
    """The role under which the application runs, which `compat` takes on; without it nothing is said of privileges and row security."""
    previous: str | None = None
    """The release before, as git knows it (`origin/main`): `compat` judges the revisions that it does not have."""
    heads: Annotated[tuple[str, ...], NoDecode] = ()
    """Heads that are meant to be several, `REV` (an id or a file) or `BRANCH@head`; only what leads to them is judged."""
    baseline: Path | None = None
    """SQL to run before the chain."""
    statements: Path | None = None
    """SQL that the application sends, `;` between statements; an expectation may stand in the comments before one.

    `compat` takes it for all that the release before sends: what others would meet is then a note.
    """
    profile: Path | None = None
    """Production's sizes, as `pgharness profile` writes them: `locks` then tells how long its findings block, `sizes` judges keys and locks."""
    small_table_rows: int = Field(default=10_000, ge=0)
    """With a profile, work on a table of fewer rows in production is a note of `locks`, and no finding."""
    traffic: bool = False
    """Whether `traffic` runs the newest revisions (after `since`, not in `previous`, or the last) under readers and writers; it takes minutes."""
    traffic_rows: int = Field(default=1_000_000, ge=0)
    """How many rows the tables have then that these revisions touch."""
    traffic_wait_ms: int = Field(default=200, ge=0)
    """How long a statement of the traffic may wait for the migration, in ms."""
    allow_indices: Mapping[str, str] = Field(default_factory=dict)
    """Findings of `indices` that are meant: their subject (`constraint public.book.fk_book_author_id`) and the reason."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    """Environment variables set while env.py runs; `{url}`, `{host}`, `{port}`, `{user}`, `{password}` and `{database}`
    stand for those of the test database."""
    ignore: tuple[IgnoreSetting, ...] = ()
    """Facts that comparisons leave out, each with a reason."""
    accepted: Path = Path("pgharness-accepted.toml")
    """The file of findings that are accepted for now, which `pgharness check --accept` writes."""
    strict: Annotated[tuple[str, ...], NoDecode] = ()
    """What is a finding, and else only a note: `column order` and `not null names` of `drift`, `lock timeout`, `downgrade locks` and
    `old locks` (of revisions upon which 20 others build, where no `since` says what is deployed) of `locks`, `given numbers` (which a revision gives,
    and the sequence once more) of `data` and `compat`, `untypical texts` (on which the code of a revision fails, though it may on none of production's)
    of `upgrade`."""
    rows_per_table: int = Field(default=4, ge=0, le=1000)
    """How many rows each table gets before the next revision meets it; from 4, more where an enum has more labels; 0 walks on
    empty tables."""

    compared_rows: int = Field(default=1000, ge=1)
    """How many rows of each table `data` compares, the first by its key; a baseline may bring large tables."""
    data_folder: Path = Path("tests/migrations/data")
    """The folder of rows and assertions by hand: `<revision's file>.sql` or `.py`."""
    redact: bool = False
    """Whether reports name the rows and columns whose values were lost or changed without the values."""
    crash_stops: int = Field(default=200, ge=0)
    """At how many places `crash` stops revisions that are more than one transaction, those of the newest first."""

    modes_budget: int = Field(default=64, ge=0)
    """How many revisions `modes` may run for starts in between, and as many for orders of branches; an eighth as many, the newest, run in a
    process of their own. 0 leaves the check out."""
    values: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """What columns hold in those rows, where their type does not tell: `"public.patients.status" = ["new", "seen"]`."""

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @property
    def words(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return `values` by table and column."""
        # A name in quotes may hold a dot.
        parts = {name: re.fullmatch(r'(?s)(.*)\.("(?:[^"]|"")*"|[^".]*)', name) for name in self.values}
        return {(found[1], found[2]): self.values[name] for name, found in parts.items() if found is not None}

    @property
    def wants_traffic(self) -> bool:
        """Whether `traffic` is asked for: by itself, or as one of the only checks."""
        return self.traffic or "traffic" in self.only

    @property
    def folder(self) -> Path:
        """The folder of the configuration file, or the current one where there is none."""
        return self._folder

    @field_validator("only", "skip", "checks", "x", "strict", "heads", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        """Take `PGHARNESS_ONLY=graph,drift` as well as a list."""
        return [name.strip() for name in value.split(",")] if isinstance(value, str) else value

    @field_validator("strict")
    @classmethod
    def _know_minor_differences(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in MINOR_DIFFERENCES:
                raise ValueError(f"{name!r} is none of {', '.join(map(repr, MINOR_DIFFERENCES))}")
        return value

    @field_validator("environment")
    @classmethod
    def _know_placeholders(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        """Refuse `{uri}` now rather than when env.py runs."""
        for template in value.values():
            try:
                template.format_map(dict.fromkeys(PLACEHOLDERS, ""))
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(
                    f"{template!r} may hold {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}"
                ) from error
        return value

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let options win over the environment, and the environment over the file."""
        options = dict(init_settings.init_kwargs) if isinstance(init_settings, InitSettingsSource) else {}
        from_file = options.pop("from_file", {})
        return (
            InitSettingsSource(settings_cls, options),
            env_settings,
            InitSettingsSource(settings_cls, from_file),
        )
