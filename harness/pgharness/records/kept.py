"""What IF NOT EXISTS kept: the object that stood there, and in what it differs from the one that the statement asks for."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.catalog.facts import FactKey, ObjectKey
from pgharness.records.statements import Statement


@dataclass(frozen=True, slots=True)
class KeptDifference:
    """A fact as the statement asks for it and as it is; None where there is no such fact."""

    key: FactKey
    asked: str | None
    kept: str | None


@dataclass(frozen=True, slots=True)
class KeptObject:
    """One object that a revision's statement kept; `differences` are empty where it is what was asked for."""

    revision: str
    statement: Statement
    kept: ObjectKey
    differences: tuple[KeptDifference, ...]
