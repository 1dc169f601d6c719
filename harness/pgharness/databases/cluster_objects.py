"""What a chain can make that belongs to no database, and so outlives every one: roles and replication slots."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import errors, sql

from pgharness.databases.names import PREFIX
from pgharness.servers import Connection

# Objects that came with the server have object ids below this one (FirstNormalObjectId in access/transam.h).
_FIRST_OF_USERS = 16384


@dataclass(frozen=True, slots=True)
class Outside:
    """Roles and replication slots of a server, without its own; sorted."""

    roles: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.roles or self.slots)

    def in_words(self) -> str:
        """Name them all."""
        return ", ".join(
            [*(f"role {name}" for name in self.roles), *(f"replication slot {name}" for name in self.slots)]
        )

    def since(self, before: Outside) -> Outside:
        """Return those that were not there before."""
        return Outside(_without(self.roles, before.roles), _without(self.slots, before.slots))


def read_outside(connection: Connection) -> Outside:
    """Read what there is now; roles of our own are none that a chain has made."""
    roles = connection.execute(
        "SELECT rolname FROM pg_catalog.pg_roles WHERE oid >= %s AND NOT starts_with(rolname, %s) ORDER BY 1",
        [_FIRST_OF_USERS, PREFIX],
    )
    slots = connection.execute("SELECT slot_name FROM pg_catalog.pg_replication_slots ORDER BY 1")
    return Outside(_names(roles.fetchall()), _names(slots.fetchall()))


def drop_outside(connection: Connection, found: Outside) -> None:
    """Drop roles, with the rights that they have on the server as a whole, and slots; what is in use elsewhere stays."""
    for slot in found.slots:
        with contextlib.suppress(errors.ObjectInUse, errors.UndefinedObject):
            connection.execute("SELECT pg_catalog.pg_drop_replication_slot(%s)", [slot])
    for role in found.roles:
        with contextlib.suppress(errors.DependentObjectsStillExist, errors.UndefinedObject):
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))


def _names(rows: Sequence[tuple[object, ...]]) -> tuple[str, ...]:
    return tuple(str(name) for (name,) in rows)


def _without(names: Sequence[str], left_out: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)
