"""What a connection is made with: the driver's arguments, and the server's settings that hold on it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import URL

from flowforge_schema.errors import ConfigurationError
from flowforge_schema.settings import ENVIRONMENT_PREFIX, DatabaseSettings
from flowforge_schema.storable import check_document, write_json

# psycopg prepares a statement at its sixth use on a connection.
PREPARE_THRESHOLD = 5

ISOLATION_LEVEL = "READ COMMITTED"


def engine_arguments(settings: DatabaseSettings, url: URL, **connect_arguments: Any) -> dict[str, Any]:
    """Return what every engine is made with, pooled or not; the last are the driver's, beside those of the settings."""
    return {
        "connect_args": {**_connect_arguments(settings, url), **connect_arguments},
        "hide_parameters": True,
        "isolation_level": ISOLATION_LEVEL,
        "json_serializer": dump_json,
        "use_native_hstore": False,  # saves a query on the first connection; the schema has none
    }


def _connect_arguments(settings: DatabaseSettings, url: URL) -> dict[str, Any]:
    """Return what the driver is told beside the URL: what the URL names itself is left to it."""
    if "prepare_threshold" in url.query:
        raise ConfigurationError(
            "prepare_threshold is a setting of the driver, and none of a URL.\n"
            f"  fix: take it out of the URL; {ENVIRONMENT_PREFIX}PREPARES_STATEMENTS=false prepares nothing"
        )
    arguments: dict[str, Any] = {
        "application_name": settings.application_name,
        "connect_timeout": settings.connect_timeout_s,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": settings.tcp_user_timeout_ms,
        "prepare_threshold": PREPARE_THRESHOLD if settings.prepares_statements else None,
    }
    if not settings.through_pgbouncer:  # which refuses `options`: see _set_in_transaction
        own = {**server_settings(settings), "idle_session_timeout": f"{settings.idle_timeout_s}s"}
        given = url.query.get("options", "")
        options = [given] if isinstance(given, str) else list(given)
        arguments["options"] = " ".join([*(f"-c {name}={value}" for name, value in own.items()), *options]).strip()
    if url == settings.primary_url and _has_several_hosts(url):
        arguments["target_session_attrs"] = "read-write"  # after a failover, any of them may be the one
    return {name: value for name, value in arguments.items() if name == "options" or name not in url.query}


def _has_several_hosts(url: URL) -> bool:
    hosts = url.query.get("host", url.host or "")
    return len(hosts) > 1 if isinstance(hosts, tuple) else "," in hosts


def server_settings(settings: DatabaseSettings) -> dict[str, str]:
    """Return the server's own settings that hold on every connection."""
    return {
        "statement_timeout": f"{settings.statement_timeout_ms}ms",
        "lock_timeout": f"{settings.lock_timeout_ms}ms",
        "idle_in_transaction_session_timeout": f"{settings.idle_in_transaction_timeout_ms}ms",
        "transaction_timeout": f"{settings.transaction_timeout_ms}ms",
        "client_connection_check_interval": f"{settings.client_check_ms}ms",
        "TimeZone": "UTC",
        # Without a distributed database a name that nobody reads. With one: else a list over all shards, and then a change of a user or a
        # workflow in the same transaction, is refused.
        "citus.multi_shard_modify_mode": "sequential",
    }


def dump_json(value: object) -> str:
    """Write JSON for a jsonb column: dates, UUIDs and models too; raise NotStorableError for what could not be read again."""
    check_document(value)
    return write_json(value)
