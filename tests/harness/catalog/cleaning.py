"""The clean models as data: what SQLAlchemy declares, and the DDL of a migration that makes the same by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from sqlalchemy import MetaData

Declare = Callable[[MetaData], object]
FILES = ("clean_columns", "clean_indexes", "clean_keys", "clean_names")


@dataclass(frozen=True, slots=True)
class CleanModel:
    """One awkward construction, made twice: by `create_all` of what `declare` declares, and by a migration's own statements.

    `shows` is a text that the catalog must hold, so that the construction is really there. `first` runs on both sides before: schemas,
    functions, extensions, which models do not make.
    """

    name: str
    declare: Declare
    migration: str
    shows: str
    first: str
    since: int


CLEAN_MODELS: list[CleanModel] = []


def clean(name: str, migration: str, *, shows: str, first: str = "", since: int = 15) -> Callable[[Declare], Declare]:
    """Take what a function declares as a clean model."""

    def take(declare: Declare) -> Declare:
        CLEAN_MODELS.append(CleanModel(name, declare, migration, shows, first, since))
        return declare

    return take


def read_models() -> tuple[CleanModel, ...]:
    """Return all clean models, file by file."""
    for name in FILES:
        import_module(f"{__package__}.{name}")
    return tuple(CLEAN_MODELS)
