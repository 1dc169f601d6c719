"""Settings of the data layer, read from environment variables that begin with FLOWFORGE_DB_."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from flowforge_schema.errors import ConfigurationError

ENVIRONMENT_PREFIX = "FLOWFORGE_DB_"
DRIVER = "postgresql+psycopg"
EXAMPLE_URL = "postgresql+psycopg://user:password@localhost:5432/flowforge"

# What others write for the same thing; every name of another driver is refused.
_SCHEMES = frozenset({"postgres", "postgresql", DRIVER, "postgresql+psycopg_async"})

_HOUR_MS = 3_600_000


class DatabaseSettings(BaseSettings):
    """How to reach the database, and what no connection may exceed; 0 switches a server's timeout off.

    Raises pydantic's ValidationError, which repeats no URL; `load` raises ConfigurationError and names the variables.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,  # compose files pass on what is not set as an empty text
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    url: SecretStr
    """The primary, as postgresql+psycopg://user:password@host:port/name."""
    read_url: SecretStr | None = None
    """A read replica; without one, read sessions use the primary."""
    application_name: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[ -~]+$")] = "flowforge"
    """What pg_stat_activity shows: name the process, such as flowforge-api."""

    pool_size: Annotated[int, Field(ge=1, le=100)] = 5
    """Connections that a process keeps. Two cores gave no more transactions a second with 40 than with 2."""
    max_overflow: Annotated[int, Field(ge=0, le=100)] = 5
    """Connections above `pool_size`, closed when they are given back."""
    pool_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long to wait for a connection: a quick 503 serves a client better than a slow one."""
    pool_recycle_s: Annotated[int, Field(ge=1, le=86_400)] = 1800
    """The greatest age of a connection, looked at when it is taken from the pool."""
    idle_timeout_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    """After how long the server closes an idle connection: SQLAlchemy's pool has no such limit."""
    connect_timeout_s: Annotated[int, Field(ge=2, le=60)] = 5
    """How long making a connection may take; libpq takes at least 2."""
    tcp_user_timeout_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 10_000
    """After how long without an acknowledgement a peer counts as dead."""

    client_check_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 2_000
    """How often a server that runs a statement looks whether its client is still there; 0 where the server cannot, as on Windows."""
    answer_grace_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 5_000
    """How long after `statement_timeout_ms` an answer may come before the server counts as gone; a ping has `connect_timeout_s`."""

    statement_timeout_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 30_000
    lock_timeout_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 5_000
    idle_in_transaction_timeout_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 30_000
    transaction_timeout_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 60_000
    slow_statement_ms: Annotated[int, Field(ge=0, le=_HOUR_MS)] = 500
    """From how long a statement is logged as slow, without its values; 0 logs none."""

    through_pgbouncer: bool = False
    """Whether `url` is a PgBouncer in transaction mode, which keeps no state of a session from one transaction to the next."""
    prepares_statements: bool = True
    """Whether statements are prepared; through PgBouncer only from 1.22 on, with max_prepared_statements above 0."""

    @classmethod
    def load(cls, url: URL | str | None = None) -> Self:
        """Read the environment, but for the URL where one is given.

        Raises ConfigurationError, which names what is missing or wrong and repeats no URL.
        """
        if misspelt := _misspelt_variables(cls, os.environ):
            raise _not_configured(
                (f"{name}, which is not read; {meant} is", f"export {meant} instead")
                for name, meant in misspelt.items()
            )
        text = url.render_as_string(hide_password=False) if isinstance(url, URL) else url
        try:
            return cls() if text is None else cls(url=SecretStr(text))
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False, include_context=False)
            raise _not_configured(
                _told(problem["loc"], problem["msg"].removeprefix("Value error, "), is_url_given=text is not None)
                for problem in problems
            ) from None

    @field_validator("url", "read_url")
    @classmethod
    def _names_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_url(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _lock_timeout_can_fire(self) -> Self:
        if 0 < self.statement_timeout_ms <= self.lock_timeout_ms:
            lock, statement = _variable("lock_timeout_ms"), _variable("statement_timeout_ms")
            raise ValueError(
                f"{lock}={self.lock_timeout_ms} is not below {statement}={self.statement_timeout_ms}, so it never fires"
            )
        return self

    @property
    def primary_url(self) -> URL:
        """The URL of the primary, for SQLAlchemy, asynchronous and synchronous alike."""
        return parse_url(self.url.get_secret_value())

    @property
    def replica_url(self) -> URL | None:
        """The URL of the read replica, or None where there is none."""
        return None if self.read_url is None else parse_url(self.read_url.get_secret_value())


def _variable(name: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def _told(location: tuple[int | str, ...], message: str, *, is_url_given: bool) -> tuple[str, str]:
    """Return what was seen and the mend of one problem."""
    if not location:
        example = f"{_variable('statement_timeout_ms')}=3000 {_variable('lock_timeout_ms')}=1000"
        return message, f"set both, such as: export {example}"
    name = str(location[0])
    if name == "url" and is_url_given:
        return f"the given URL {message}", f"give one such as {EXAMPLE_URL}"
    variable = _variable(name)
    if name in ("url", "read_url"):
        return f"{variable}: {message}", f"export {variable}={EXAMPLE_URL}"
    default = DatabaseSettings.model_fields[name].default
    return f"{variable}: {message}", f"correct {variable}, or unset it: its default is {default}"


def _misspelt_variables(settings: type[DatabaseSettings], environment: Mapping[str, str]) -> dict[str, str]:
    """Find variables that nobody reads and that look like one of ours: a timeout that is silently not set is found too late."""
    known = {_variable(name) for name in settings.model_fields}
    unknown = {name for name in environment if name.upper().startswith(ENVIRONMENT_PREFIX)} - known
    nearest = {name: difflib.get_close_matches(name.upper(), known - {name}, 1, 0.85) for name in sorted(unknown)}
    return {name: matches[0] for name, matches in nearest.items() if matches and matches[0] != name.upper()}


def _not_configured(problems: Iterable[tuple[str, str]]) -> ConfigurationError:
    return ConfigurationError(
        "\n".join([ConfigurationError.title, *(f"  seen: {seen}\n  fix: {mend}" for seen, mend in problems)])
    )


def parse_url(text: str) -> URL:
    """Read a URL and name the driver; ValueError does not repeat the text, because it holds a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(f"is no database URL; write it as {EXAMPLE_URL}") from None
    if url.drivername not in _SCHEMES:
        raise ValueError(f"names the driver {url.drivername}; write it as {EXAMPLE_URL}")
    if "@" in (url.host or ""):  # what stands before it is the end of the password, and hosts are logged
        raise ValueError(f"has an @ in its password, which is written %40; write it as {EXAMPLE_URL}")
    return url.set(drivername=DRIVER)
