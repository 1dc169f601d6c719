"""Keeps the models as they are while autogenerate and its hooks work on them.

Hooks write into the columns and types that they are given: alembic-postgresql-enum, for one, replaces the types of all columns
that a draft creates. In a process that goes on with the models, as a run of pytest does, enums would load as text from then on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ARRAY, MetaData, TypeDecorator
from sqlalchemy.types import TypeEngine


@contextlib.contextmanager
def models_kept(metadata: tuple[MetaData, ...]) -> Iterator[None]:
    """Put back at the end what was written into columns and their types."""
    columns = [column for item in metadata for table in item.tables.values() for column in table.columns]
    written: list[Any] = [*columns, *(layer for column in columns for layer in type_layers(column.type))]
    before = [(item, type(item), dict(vars(item))) for item in written]
    try:
        yield
    finally:
        for item, kind, attributes in before:
            if type(item) is not kind:
                item.__class__ = kind
            vars(item).clear()
            vars(item).update(attributes)


def type_layers(declared: TypeEngine[Any]) -> list[TypeEngine[Any]]:
    """Give a column's type, then that of an array's items or that beneath a decorator, down to the innermost."""
    layers = [declared]
    while isinstance(layers[-1], ARRAY | TypeDecorator):
        layers.append(layers[-1].item_type if isinstance(layers[-1], ARRAY) else layers[-1].impl_instance)
    return layers
