"""Datetimes on their way to the server: with a time zone, or not at all."""

from __future__ import annotations

from datetime import datetime

from psycopg.adapt import PyFormat
from psycopg.types.datetime import DatetimeDumper
from sqlalchemy.engine.interfaces import DBAPIConnection

from flowforge_schema.storable import check_moment


class AwareDatetimeDumper(DatetimeDumper):
    """Sends a datetime with its time zone, and none without one."""

    def get_key(self, obj: datetime, format: PyFormat) -> type[datetime]:  # noqa: A002, ARG002 - psycopg's name
        """Refuse a naive datetime; the driver's own dumper would send it as one of the server's time zone."""
        check_moment(obj)
        return datetime


def refuse_naive_datetimes(connection: DBAPIConnection, _record: object) -> None:
    """Let a new connection refuse them; a listener of the engine's `connect`."""
    connection.adapters.register_dumper(datetime, AwareDatetimeDumper)
