"""What a run is asked to do: `[tool.pgharness]` of a pyproject.toml, then `PGHARNESS_*`, then options."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from typing_extensions import override

from pgharness.findings import CannotRun

DEFAULT_IMAGE = "postgres:18"
PREFIX = "PGHARNESS_"
# Read elsewhere: by the embedded server and by those who keep things to look at.
OTHER_VARIABLES = ("PGHARNESS_CACHE_DIR", "PGHARNESS_KEEP_SERVER", "PGHARNESS_POSTGRES_BIN")
PLACEHOLDERS = ("url", "host", "port", "user", "password", "database")
TABLE = "tool.pgharness"


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


def load_settings(config: Path | None = None, **options: Any) -> Settings:
    """Read the settings; an option that is None or empty, and a variable that is empty, count as not given.

    `config` is a pyproject.toml; without one, that of the project is read if there is one: see `settings_file`. Relative
    paths in the file are relative to it, relative paths in options to the current folder. Raises CannotRun.
    """
    file = config or settings_file(options.get("alembic") or os.environ.get(f"{PREFIX}ALEMBIC") or None)
    table = _read_table(file, required=config is not None)
    given = {name: value for name, value in options.items() if value not in (None, (), [], {})}
    _refuse_unknown(table, file)
    _refuse_misspelt(os.environ)
    try:
        settings = Settings(from_file=_anchor_paths(table, file.parent), **given)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        form = _form(str(first["loc"][0]), first["type"])
        raise CannotRun(
            f"Invalid value for the setting {name!r}.",
            seen=f"{first['input']!r}: {first['msg'].removeprefix('Value error, ')}",
            mend=f"correct it{form} in [{TABLE}] of {file}, in {PREFIX}{str(first['loc'][0]).upper()} or in the option",
        ) from error
    except SettingsError as error:
        raise CannotRun("Invalid environment variable.", seen=str(error), mend="correct or unset it") from error
    settings._folder = file.absolute().parent  # noqa: SLF001 - no setting that anybody could give
    return settings


def _form(name: str, fault: str) -> str:
    """Return how a setting is written that was given a value of another type, by the name that pydantic has for the fault."""
    if name == "ignore":
        return ', a table with its reason: [[tool.pgharness.ignore]] kind = "…" object = "…" reason = "…",'
    forms = {
        "tuple_type": '["…"]',
        "mapping_type": '{ "<name>" = "…" }',
        "dict_type": '{ "<name>" = "…" }',
        "string_type": '"…"',
        "path_type": '"…"',
        "int_type": "4",
        "int_parsing": "4",
        "bool_type": "true",
        "bool_parsing": "true",
    }
    form = '{ "<table>.<column>" = ["…"] }' if name == "values" else forms.get(fault, "")
    return f", {name} = {form}," if form else ""


def settings_file(alembic: Path | str | None) -> Path:
    """Return the pyproject.toml that has the settings for an Alembic configuration: the nearest with our table at or above it.

    Without one, that of the current folder where the configuration lies below it, else the one beside the configuration: what another
    project has set does not hold for it. None has to be there.
    """
    here = Path("pyproject.toml")
    if alembic is None:
        return here
    named = Path(os.path.abspath(alembic))  # noqa: PTH100 - links are not followed, `..` is
    folder = named if named.is_dir() else named.parent
    found = configured_above(folder)
    if found is None and not folder.is_relative_to(Path.cwd()):
        found = folder
    return here if found in {None, Path.cwd()} else found / here


def configured_above(folder: Path) -> Path | None:
    """Return the nearest folder, this one or above it in its repository, whose pyproject.toml has our table."""
    for one in (folder, *folder.parents):
        if is_configured(one / "pyproject.toml"):
            return one
        if (one / ".git").exists():
            return None
    return None


def is_configured(file: Path) -> bool:
    """Whether a pyproject.toml is there and has our table; one that cannot be read has not."""
    try:
        return "pgharness" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, AttributeError, TypeError):  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        return False


def _read_table(file: Path, *, required: bool) -> dict[str, Any]:
    if not file.is_file():
        if not required:
            return {}
        raise CannotRun(
            f"Configuration file {file} not found.",
            seen=f"looked for {file.absolute()}",
            mend="name a pyproject.toml: pgharness check --config pyproject.toml",
        )
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
        _refuse_misspelt_table(tool, file)
        return dict(tool.get("pgharness", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotRun(f"{file} is not valid TOML.", seen=str(error), mend=f"correct {file}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise CannotRun(f"[{TABLE}] of {file} is not a table.", seen=str(error), mend=f"write [{TABLE}]") from error


def _refuse_misspelt_table(tool: Mapping[str, Any], file: Path) -> None:
    """Refuse a table that is nearly called like ours: it would be passed over in silence."""
    near = difflib.get_close_matches("pgharness", [name for name in tool if name != "pgharness"], n=1, cutoff=0.85)
    if near and "pgharness" not in tool:
        raise CannotRun(
            f"{file} has no [{TABLE}].",
            seen=f"it has [tool.{near[0]}]",
            mend=f"call it [{TABLE}]; did you mean that?",
        )


def _refuse_unknown(table: Mapping[str, Any], file: Path) -> None:
    for name in table:
        if name not in Settings.model_fields:
            raise CannotRun(
                f"[{TABLE}] of {file} has an unknown setting {name!r}.",
                seen=f"known are {', '.join(Settings.model_fields)}",
                mend=f"correct or remove it{nearest(name, Settings.model_fields)}",
            )


def _refuse_misspelt(variables: Mapping[str, str]) -> None:
    """Refuse a variable that is nearly one of ours: taken for another's, it would be passed over in silence."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(OTHER_VARIABLES)
    for name in variables:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if name.startswith(PREFIX) and name not in known and near:
            raise CannotRun(
                f"Unknown environment variable {name}: there is no such setting.",
                seen=f"known are {', '.join(sorted(known))}",
                mend=f"correct or unset it; did you mean {near[0]!r}?",
            )


def _anchor_paths(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    anchored = {"alembic": "alembic.ini", "accepted": "pgharness-accepted.toml", **table}
    anchored.setdefault("data_folder", "tests/migrations/data")
    for name in ("alembic", "structure", "baseline", "statements", "profile", "python", "accepted", "data_folder"):
        if isinstance(anchored.get(name), str) and not (name == "python" and _is_on_path(anchored[name], folder)):
            anchored[name] = folder / anchored[name]
    return anchored


def _is_on_path(python: str, folder: Path) -> bool:
    """Whether an interpreter is named as in a shell, `python3.12`, and no file beside the settings."""
    return Path(python).name == python and not (folder / python).exists() and shutil.which(python) is not None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
