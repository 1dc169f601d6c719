"""What differs between psycopg, psycopg2, asyncpg and pg8000: names in URLs, notices, and how an error tells itself."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.exc import NoSuchModuleError

from .stopping import Stop, in_one_line

# The driver's name in a URL, the module to import, and whether it serves synchronous and asynchronous engines.
DRIVERS = {
    "psycopg": ("psycopg", True, True),
    "psycopg2": ("psycopg2", True, False),
    "pg8000": ("pg8000", True, False),
    "asyncpg": ("asyncpg", False, True),
    "psycopg_async": ("psycopg", False, True),
    "psycopg2cffi": ("psycopg2cffi", True, False),
}
_DRIVER_IN_URL = re.compile(r"^postgres(?:ql)?(?:\+(\w+))?://")
_DRIVER_IN_TEXT = re.compile(r"postgres(?:ql)?\+(\w+)")
_ASYNCHRONOUS = re.compile(r"\b(async_engine_from_config|create_async_engine|AsyncEngine|AsyncConnection|run_sync)\b")


def choose_driver(named: str, configured_url: str, env_py: str) -> str:
    """Return the driver of the URL that is handed to the project; empty for SQLAlchemy's default.

    The one that the settings name, else that of the project's own URL, else one that env.py mentions, else one that is
    installed and serves env.py's kind of engine. `env_py` is its text.
    """
    if named:
        name = named.partition("://")[0].rpartition("+")[2]
        return "" if name in {"postgresql", "postgres"} else name
    is_async = bool(_ASYNCHRONOUS.search(env_py))
    in_url = _DRIVER_IN_URL.match(configured_url or "")
    if in_url and in_url.group(1):
        return str(in_url.group(1))
    mentioned = [name for name in _DRIVER_IN_TEXT.findall(env_py) if name in DRIVERS and is_installed(name)]
    if mentioned:
        return str(mentioned[0])
    default = _default_driver()
    if not is_async and is_installed(default):
        return ""
    wanted = [name for name, (_, sync, asynchronous) in DRIVERS.items() if (asynchronous if is_async else sync)]
    return next((name for name in wanted if is_installed(name)), "")


def require_dialect(driver: str) -> None:
    """Refuse a driver that SQLAlchemy does not know for PostgreSQL. Raises Stop."""
    try:
        if driver:
            registry.load(f"postgresql.{driver}")
    except NoSuchModuleError as error:
        usable = [name for name in DRIVERS if is_installed(name)]
        raise Stop(
            f"SQLAlchemy has no driver {driver!r} for PostgreSQL.",
            seen=f"{in_one_line(error)} Installed beside the project: {', '.join(usable) or 'none'}.",
            mend=f'name one that is installed, driver = "postgresql+{next(iter(usable), "psycopg")}" in [tool.pgharness], or in the URL of the '
            "Alembic configuration",
        ) from error


def is_installed(driver: str) -> bool:
    """Whether the driver can be imported here."""
    module = DRIVERS.get(driver, (driver, True, True))[0]
    return bool(importlib.util.find_spec(module))


def serves_synchronously(driver: str) -> bool:
    """Whether a plain engine can be made with this driver."""
    _, sync, _ = DRIVERS.get(driver or _default_driver(), ("", True, False))
    return sync


def _default_driver() -> str:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - it may be missing

    dialect: Any = postgresql.dialect
    return str(dialect.driver)


def raw_connection(connection: Any) -> Any:
    """Return the driver's own connection beneath SQLAlchemy's, beneath an adapter of an asynchronous one too."""
    fairy = connection.connection
    raw = getattr(fairy, "driver_connection", None)
    return raw if raw is not None else fairy.dbapi_connection


Note = Callable[[str, str, str], None]
"""Takes what the server remarks: its severity in English, its SQLSTATE (empty where the driver tells none), and its message."""


def collect_notices(connection: Any, note: Note) -> Callable[[], None]:
    """Let what the server remarks meanwhile be noted; call the result before reading it."""
    raw = raw_connection(connection)
    if hasattr(raw, "add_notice_handler"):  # psycopg
        raw.add_notice_handler(
            lambda told: note(
                told.severity_nonlocalized or told.severity, told.sqlstate or "", told.message_primary or ""
            )
        )
    elif hasattr(raw, "add_log_listener"):  # asyncpg
        raw.add_log_listener(
            lambda _connection, told: note(
                getattr(told, "severity_en", None) or told.severity, told.sqlstate or "", told.message
            )
        )
    elif type(raw).__module__.startswith("psycopg2"):
        raw.notices = _Notices(note)
    elif hasattr(raw, "notices"):  # pg8000 keeps them until they are read
        return lambda: _drain(raw.notices, note)
    return lambda: None


# psycopg2 gives a notice as libpq prints it, without its SQLSTATE; these are the ones that say something of a migration, by the words
# of the server's own language. In another one they are kept without a SQLSTATE.
_STATES_BY_WORDS = (
    (re.compile(r'^column ".*" of relation ".*" already exists, skipping'), "42701"),
    (re.compile(r'^relation ".*" already exists, skipping'), "42P07"),
    (re.compile(r'^identifier ".*" will be truncated to'), "42622"),
    (re.compile(r" can only be used in transaction blocks$"), "25P01"),
    (re.compile(r" does not exist, skipping$|^drop cascades to "), "00000"),
)


class _Notices:
    """Stands for the list in which psycopg2 keeps notices, which SQLAlchemy empties after each statement.

    psycopg2 calls `append` (2.7 and later: "any object exposing an append() method"); SQLAlchemy leaves alone what it cannot
    iterate over.
    """

    def __init__(self, note: Note) -> None:
        self._note = note

    def append(self, notice: str) -> None:
        severity, _, message = " ".join(notice.split()).partition(": ")
        self._note(severity, next((state for words, state in _STATES_BY_WORDS if words.search(message)), ""), message)


def _drain(kept: Any, note: Note) -> None:
    """Move notices: pg8000 gives the protocol's fields by their letters, as bytes."""
    for notice in kept:
        fields = {_text(key): _text(value) for key, value in notice.items()}
        note(fields.get("V") or fields.get("S", ""), fields.get("C", ""), fields.get("M", ""))
    kept.clear()


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def sqlstate_of(error: BaseException) -> str | None:
    """Return the SQLSTATE that came with a driver's error, or None where the server said none."""
    for name in ("sqlstate", "pgcode"):
        state = getattr(error, name, None)
        if state:
            return str(state)
    fields = error.args[0] if error.args else None
    return str(fields["C"]) if isinstance(fields, dict) and "C" in fields else None


def message_of(error: BaseException) -> str:
    """Return the server's words, detail and hint included, without what a driver wraps around them."""
    fields = error.args[0] if error.args else None
    if isinstance(fields, dict) and "M" in fields:  # pg8000
        return _message(fields["M"], fields.get("D"), fields.get("H"))
    cause = error.__cause__
    if type(error).__module__.startswith("sqlalchemy.") and hasattr(cause, "sqlstate"):  # asyncpg behind its adapter
        return _message(str(cause), getattr(cause, "detail", None), getattr(cause, "hint", None))
    return str(error).strip() or type(error).__name__


def context_of(error: BaseException) -> str:
    """Return where the server was in code of its own when it raised an error, innermost first; empty where it said nothing of that."""
    fields = error.args[0] if error.args else None
    if isinstance(fields, dict):  # pg8000
        return str(fields.get("W") or "")
    told = getattr(error, "diag", None) or error.__cause__  # psycopg and psycopg2; asyncpg behind its adapter
    return str(getattr(told, "context", None) or "")


def _message(primary: str, detail: str | None, hint: str | None) -> str:
    said = [primary, f"DETAIL:  {detail}" if detail and detail not in primary else "", f"HINT:  {hint}" if hint else ""]
    return "\n".join(line for line in said if line)
