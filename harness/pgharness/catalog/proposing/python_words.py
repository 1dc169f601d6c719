"""Statements, SQL and names written as Python."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Self

from pgharness.catalog.names import qualifier, unqualified, unquoted

# What sqlalchemy.text() takes for a bound parameter (its own pattern).
PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")


class Call(str):
    """A statement with, in `python`, the call of Alembic's that says the same."""

    __slots__ = ("python",)
    python: str

    def __new__(cls, sql: str, function: str, *arguments: str, **keywords: str | None) -> Self:
        """Write the call; a keyword whose value is None is left out."""
        call = super().__new__(cls, sql)
        call.python = f"op.{function}({', '.join([*arguments, *given(**keywords)])})"
        return call

    def and_with(self, sql: str, **keywords: str) -> Call:
        """Return the call of a statement that says what these keywords say besides."""
        call = str.__new__(Call, sql)
        call.python = f"{self.python.removesuffix(')')}, {', '.join(given(**keywords))})"
        return call


class Apart(Call):
    """A statement that stands in an autocommit block: its effect can be used only once it is committed, or its lock is to go at once."""

    __slots__ = ()

    def __new__(cls, sql: str, *statements: str) -> Self:
        """Write the block, of these statements where others come to the same."""
        apart = str.__new__(cls, sql)
        lines = (f"    {operation(one)}" for one in statements or (str(sql),))
        apart.python = "\n".join(("with op.get_context().autocommit_block():", *lines))
        return apart


def operation(statement: str) -> str:
    """Write a statement as a line of a revision."""
    return statement.python if isinstance(statement, Call) else f"op.execute({text(statement.removesuffix(';'))})"


def text(sql: str) -> str:
    """Write SQL as a Python literal that sqlalchemy.text() gives back unchanged."""
    escaped = PARAMETER.sub(r"\\:", sql)
    if "\n" not in escaped:
        return string(escaped)
    body = escaped.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if body.endswith('"'):
        body = body[:-1] + '\\"'
    return f'"""{body}"""'


def sql_text(sql: str) -> str:
    """Write SQL as an argument that is not taken for a name or a value."""
    return f"sa.text({text(sql)})"


def string(value: str) -> str:
    """Write a string."""
    return json.dumps(value, ensure_ascii=False)


def name(identifier: str) -> str:
    """Write an identifier that PostgreSQL printed, or the last part of a qualified one."""
    return string(unquoted(unqualified(identifier)))


def final(identifier: str) -> str:
    """Write an identifier that no naming convention may change."""
    return f"op.f({name(identifier)})"


def names(identifiers: Iterable[str]) -> str:
    """Write identifiers as a list."""
    return f"[{', '.join(map(name, identifiers))}]"


def schema(qualified: str) -> str | None:
    """Write the schema of a qualified name; None where it need not be given."""
    found = qualifier(qualified)
    return None if found in ("", "public") else name(found)


def true(condition: object) -> str | None:
    """Write True where a condition holds; None where it need not be given."""
    return "True" if condition else None


def given(**keywords: str | None) -> list[str]:
    """Write keyword arguments, without those that are None."""
    return [f"{keyword}={value}" for keyword, value in keywords.items() if value is not None]
