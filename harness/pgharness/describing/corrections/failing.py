"""The statement that failed: what it says, which line sends it, and what the catalog had before its revision."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.named import column_named, columns_of, object_named
from pgharness.catalog.names import FULL_NAME
from pgharness.catalog.proposing.python_words import operation
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure

_BLOCK = "with op.get_context().autocommit_block():"
_ALTERED = re.compile(rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?({FULL_NAME})\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failing:
    """One failing statement without its last semicolon; `line` is 0 where no line of the revision sends it."""

    sql: str
    message: str
    path: str
    line: int
    code: str
    before: Snapshot
    sent: Sequence[Statement]
    is_back: bool
    """Whether a downgrade sends it, behind which the catalog is to be what it was."""

    @classmethod
    def of(cls, failure: Failure, path: str, before: Snapshot, sent: Sequence[Statement], *, is_back: bool) -> Failing:
        """Read a failure."""
        own = [one for one in failure.frames if one.file == path]
        line, code = (own[-1].line, own[-1].code.strip()) if own else (0, "")
        sql = (failure.statement or "").strip().removesuffix(";").rstrip()
        return cls(sql, failure.message, path, line, code, before, sent, is_back)

    @property
    def altered(self) -> str:
        """The table that an ALTER TABLE names, as it names it; empty where it is none."""
        found = _ALTERED.match(self.sql)
        return found[1] if found is not None else ""

    @property
    def is_one_line(self) -> bool:
        """Whether its line holds the whole call, which sends this statement alone and without parameters."""
        try:
            tree = ast.parse(self.code)
        except SyntaxError:
            return False
        is_call = (
            len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Call)
        )
        return bool(self.line) and is_call and not re.search(r";\s*\S|%\(\w+\)s|\$\d", self.sql)

    def before_it(self, *statements: str) -> str:
        """Write statements before its line."""
        return f"before line {self.line} of {self.path}: {_written(statements)}" if self.line else ""

    def around_it(self, statement: str, after: str) -> str:
        """Write one statement before its line, and one behind it."""
        behind = f"; and behind line {self.line} of {self.path}: {operation(after)}" if after else ""
        return f"{self.before_it(statement)}{behind}" if self.line else ""

    def in_its_place(self, *statements: str) -> str:
        """Write statements instead of its line."""
        return f"in place of line {self.line} of {self.path}: {_written(statements)}" if self.is_one_line else ""

    def alone_in_its_place(self, *statements: str) -> str:
        """Write statements instead of its line, in no transaction."""
        return alone(self.line, self.path, *statements) if self.is_one_line else ""

    def without_it(self) -> str:
        """Say that its line is to go."""
        return f"leave out line {self.line} of {self.path}" if self.is_one_line else ""

    def said_otherwise(self, name: str, wrong: str) -> str:
        """Say which name is to stand for another one, in its line."""
        place = f" in line {self.line} of {self.path}" if self.line else ""
        return f"write {name} in place of {wrong}{place}"

    def key(self, kind: str, name: str) -> ObjectKey | None:
        """Return the object of this kind that a name means, which may lack its schema."""
        return object_named(self.before, kind, name)

    def column(self, table: str, name: str) -> ObjectKey | None:
        """Return a column of a table that is named so."""
        return column_named(self.before, table, name)

    def columns(self, relation: ObjectKey) -> list[ObjectKey]:
        """Return the columns of a relation."""
        return columns_of(self.before, relation)


def alone(line: int, path: str, *statements: str) -> str:
    """Write statements instead of a line, in no transaction."""
    lines = "\n".join(f"    {operation(one)}" for one in statements)
    return f"in place of line {line} of {path}:\n{_BLOCK}\n{lines}\n"


def _written(statements: Sequence[str]) -> str:
    return "; ".join(map(operation, statements))
