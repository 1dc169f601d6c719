"""The declarative base: names, column types, identity, timestamps, and the trigger that keeps `updated_at` true."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Dialect,
    FetchedValue,
    MetaData,
    Table,
    Text,
    Uuid,
    event,
    func,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

from flowforge_schema.enums import UnknownLabel
from flowforge_schema.storable import NotStorableError
from flowforge_schema.tracking import track_changes

# Errors are told apart by these names, so they are part of the interface; PostgreSQL cuts a name at 63 bytes. The double
# underscore keeps the table's part and the columns' part apart.
NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s__%(column_0_N_name)s__%(referred_table_name)s",
    "uq": "uq_%(table_name)s__%(column_0_N_name)s",
    "ix": "ix_%(table_name)s__%(column_0_N_name)s",
    "ck": "ck_%(table_name)s__%(constraint_name)s",
}

# One function for all tables. `now()` is the start of the transaction, as in the default of `created_at`.
CREATE_UPDATED_AT_FUNCTION = """\
CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$"""

# A trigger and not an ORM default: raw SQL, repairs in psql and ON CONFLICT DO UPDATE are covered too.
CREATE_UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON %(fullname)s
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""


def new_id() -> UUID:
    """Make a UUIDv7: ordered by time, so that keys made together lie together in the index."""
    return uuid7()


class Base(DeclarativeBase):
    """What all tables share: a naming convention, column types, timestamps and their trigger."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: TIMESTAMP(timezone=True),
        UUID: Uuid(),
        # None is SQL NULL and never the JSON value null.
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text()),
    }
    # RETURNING on UPDATE too: else reading `updated_at` after a flush would need a second, implicit round trip, which an
    # AsyncSession refuses.
    __mapper_args__: Any = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy declares it without ClassVar

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=1000)
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), server_onupdate=FetchedValue(), sort_order=1001
    )

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Map the class, and let its table be created together with the trigger."""
        super().__init_subclass__(**arguments)
        table = cls.__table__
        assert isinstance(table, Table)
        event.listen(table, "after_create", _ddl(CREATE_UPDATED_AT_TRIGGER))
        for column in table.columns:
            if isinstance(column.type, TIMESTAMP):
                table.append_constraint(range_check(column.name))
        track_changes(cls, [column.key for column in table.columns if isinstance(column.type, JSONB | ARRAY)])
        # With `eager_defaults` each flush of an object would also read every column with a server default that a list has left
        # out: a document of a megabyte, or one that cannot be read. What an INSERT fills in comes back with it anyway.
        cls.__mapper__._server_default_plus_onupdate_propkeys = {"updated_at"}  # noqa: SLF001 - there is no setting for it

    def __repr__(self) -> str:
        """Show the class and the key, and no other value: objects end up in logs."""
        identity = inspect(self).identity
        return f"<{type(self).__name__} {'not stored' if identity is None else ', '.join(map(str, identity))}>"


class Identified:
    """A table with a UUIDv7 key, which a new object has at once; the server makes it where raw SQL leaves it out."""

    # Without the mark, a key that the server could make too would let a bulk insert go row by row.
    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=new_id, server_default=text("uuidv7()"), insert_sentinel=True, sort_order=-1
    )

    def __init__(self, **values: Any) -> None:
        """Take values by column, and an id of the object's own unless one is given."""
        super().__init__(**{"id": new_id(), **values})


class NativeEnum(ENUM):
    """An enum type of PostgreSQL whose labels are read whatever they are, and written only where this release knows them."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - of the base
        """Return what reads a member, and any other label as an `UnknownLabel`."""
        members = {member.value: member for member in self.enum_class or ()}

        def read(label: str | None) -> Enum | UnknownLabel | None:
            return None if label is None else members.get(label) or UnknownLabel(label)

        return read

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Return what refuses a label that is no member, also where the database would take it."""
        known: Callable[[Any], Any] = super().bind_processor(dialect)  # type: ignore[no-untyped-call]  # as _ddl

        def write(label: Any) -> Any:
            if label is not None and label not in self.enums:
                raise NotStorableError("this release does not know the label", label)
            return known(label)

        return write


def native_enum(enum_class: type[StrEnum]) -> NativeEnum:
    """Return the PostgreSQL enum type of a Python enum: `RunStatus` is `run_status`, labels are the members' values."""
    name = snake_case(enum_class.__name__)
    return NativeEnum(enum_class, name=name, values_callable=lambda members: [member.value for member in members])


def snake_case(class_name: str) -> str:
    """Return the name in SQL's manner: `RunStatus` is `run_status`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def length_check(column: str, *, longest: int, shortest: int = 1) -> CheckConstraint:
    """Limit the characters of a text column; the constraint is named `…__<column>_length`."""
    return CheckConstraint(f"char_length({column}) BETWEEN {shortest} AND {longest}", name=f"{column}_length")


def range_check(column: str) -> CheckConstraint:
    """Limit a timestamp to what a datetime of Python's holds in UTC; the constraint is named `…__<column>_range`.

    Neither 'infinity' nor a year beyond 1 to 9999 could be read. The bounds are spelled so that they print alike in every time zone.
    """
    first, beyond = (f"(timestamp '{day}' AT TIME ZONE 'UTC')" for day in ("0001-01-01", "10000-01-01"))
    return CheckConstraint(f"{column} >= {first} AND {column} < {beyond}", name=f"{column}_range")


def object_checks(column: str, *, size_bytes: int) -> tuple[CheckConstraint, CheckConstraint]:
    """Limit a jsonb column to objects (`…__<column>_is_object`) of a size (`…__<column>_size`)."""
    return (
        CheckConstraint(f"jsonb_typeof({column}) = 'object'", name=f"{column}_is_object"),
        CheckConstraint(f"pg_column_size({column}) <= {size_bytes}", name=f"{column}_size"),
    )


def list_checks(column: str, *, most: int, size_bytes: int) -> tuple[CheckConstraint, CheckConstraint, CheckConstraint]:
    """Limit a text[] column in elements (`…_count`) and bytes (`…_size`), and refuse NULL among them (`…_no_null`)."""
    return (
        CheckConstraint(f"cardinality({column}) <= {most}", name=f"{column}_count"),
        CheckConstraint(f"array_position({column}, NULL) IS NULL", name=f"{column}_no_null"),
        CheckConstraint(f"pg_column_size({column}) <= {size_bytes}", name=f"{column}_size"),
    )


def _ddl(statement: str) -> DDL:
    return DDL(statement)


def drops_all_tables(
    ddl: object,  # noqa: ARG001 - SQLAlchemy passes the first five by these names
    target: object,
    bind: object,  # noqa: ARG001
    tables: list[Table] | None = None,
    state: object = None,  # noqa: ARG001
    **_options: object,
) -> bool:
    """Whether all tables go, and with them what belongs to none of them."""
    return isinstance(target, MetaData) and len(tables or ()) == len(target.tables)


event.listen(Base.metadata, "before_create", _ddl(CREATE_UPDATED_AT_FUNCTION))
event.listen(
    Base.metadata,
    "after_drop",
    _ddl("DROP FUNCTION IF EXISTS set_updated_at()").execute_if(callable_=drops_all_tables),
)
