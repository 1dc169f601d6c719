"""Reads statements from SQL text: `;` between them, and in the comments before each what is expected of its plan.

    -- name: books_of_author
    -- index: ix_book_author_id_published_at
    -- samples: SELECT id FROM author LIMIT 3
    SELECT title FROM book WHERE author_id = $1 ORDER BY published_at DESC LIMIT 20;

The other words are those of `Expectation`: `sort` and `sequential scan` (with a reason), `read per row`, `buffers`,
`generic ratio`. A comment that begins with none of them is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgharness.findings import CannotRun
from pgharness.plans.statement import Expectation

# What may hold a semicolon that ends nothing; PostgreSQL's manual, "Lexical Structure".
_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*)
    |(?P<block>/\*.*?\*/)
    |(?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<dollar>\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$)
    |(?P<end>;)
    |(?P<other>\w+|.)""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(
    r"--\s*(?P<word>name|index|samples|sort|sequential scan|read per row|buffers|generic ratio):(?P<value>.*)"
)


@dataclass(frozen=True, slots=True)
class StatementText:
    """One statement of a file; `samples_sql` picks its parameters, and is empty where it has none."""

    name: str
    sql: str
    expectation: Expectation
    samples_sql: str = ""
    line: int = 1


def read_statement_file(path: Path) -> tuple[StatementText, ...]:
    """Read a file of statements. Raises CannotRun."""
    try:
        return read_statements(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise CannotRun(
            f"The file of statements {path} cannot be read.", seen=str(error), mend="correct it, or name another file"
        ) from error


def read_statements(text: str) -> tuple[StatementText, ...]:
    """Return the statements of a text in order; one without a name is called by the line where it begins."""
    statements: dict[str, StatementText] = {}
    lines = list[int]()
    for sql, comments, line in _split(text):
        lines.append(line)
        number = f", number {lines.count(line)}" if line in lines[:-1] else ""
        statement = _statement(sql, comments, line, called=f"at line {line}{number}")
        if statement.name in statements:
            raise ValueError(f"line {line}: there is a statement {statement.name!r} already")
        statements[statement.name] = statement
    return tuple(statements.values())


def split_statements(text: str) -> Iterator[str]:
    """Yield the statements of a text, without the comments before them."""
    return (sql for sql, _, _ in _split(text))


def _split(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Cut at the semicolons that end statements; give each with the comments before it and its first line."""
    sql, comments, line, first = "", list[str](), 1, 1
    for match in _TOKENS.finditer(text):
        token, kind = match.group(), match.lastgroup
        if kind == "end":
            if sql.strip():
                yield sql.strip(), comments, first
            sql, comments = "", []
        elif kind == "comment" and not sql.strip():
            comments.append(token)
        elif sql.strip() or token.strip():
            first = first if sql.strip() else line
            sql += token
        line += token.count("\n")
    if sql.strip():
        yield sql.strip(), comments, first


def _statement(sql: str, comments: list[str], line: int, *, called: str) -> StatementText:
    said: dict[str, str] = {}
    for match in filter(None, map(_WORD.match, comments)):
        word, value = match["word"], match["value"].strip()
        said[word] = f"{said[word]}, {value}" if word == "index" and word in said else value
    fields = {field: read(said[word], line) for word, (field, read) in _FIELDS.items() if word in said}
    return StatementText(
        said.get("name") or called, sql, Expectation(**fields), said.get("samples", "").rstrip(";"), line
    )


def _names(value: str, _line: int) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _reason(value: str, line: int) -> str:
    if not value:
        raise ValueError(f"line {line}: what is allowed needs a reason after the colon")
    return value


def _bound(value: str, line: int) -> float | None:
    return None if value == "any" else _number(value, line, "neither a number nor 'any'")


def _number(value: str, line: int, otherwise: str = "no number") -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"line {line}: {value!r} is {otherwise}") from None


_FIELDS: Mapping[str, tuple[str, Callable[[str, int], Any]]] = {
    "index": ("indexes", _names),
    "sort": ("sort", _reason),
    "sequential scan": ("sequential_scan", _reason),
    "read per row": ("read_per_row", _bound),
    "buffers": ("buffers", _bound),
    "generic ratio": ("generic_ratio", _number),
}
