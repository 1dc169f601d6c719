"""Takes the text of a statement apart: what of it is meant, the actions of an ALTER TABLE, what stands in parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
    |(?P<text>[eE]?'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_TEXTS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_SETS = re.compile(r"\s*UPDATE\b.*?\bSET\b(?P<sets>.*)", re.IGNORECASE | re.DOTALL)
_ASSIGNS = re.compile(r'\s*(?P<column>"[^"]+"|\w+)\s*=(?P<value>.*)', re.DOTALL)
_GIVES_ROWS = re.compile(r"\s*VALUES\b", re.IGNORECASE)
_ALTERS_TABLE = re.compile(
    r'(?P<head>\s*ALTER\s+(?:FOREIGN\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?:"[^"]+"|[\w$.]+)+\*?)\s+(?P<actions>.*)',
    re.IGNORECASE | re.DOTALL,
)


def statements_of(sql: str) -> tuple[str, ...]:
    """Return the statements of a text that is sent at once, each on one line and without comments."""
    parts = (" ".join(part.split()) for part in _split(sql, ";"))
    return tuple(part for part in parts if part)


def the_one(sql: str, *names: str) -> str:
    """Return that of several statements that names all of some names; else the last one, empty where there is none."""
    parts = statements_of(sql)
    wanted = [name.casefold() for name in names if name]
    naming = [part for part in parts if all(name in part.casefold() for name in wanted)]
    return (*naming, *parts[-1:], "")[0]


def actions_of(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return the beginning of an ALTER TABLE, up to the table's name, and its actions; both empty for any other statement."""
    match = _ALTERS_TABLE.match(sql)
    if match is None:
        return "", ()
    return match["head"].strip(), tuple(part.strip() for part in _split(match["actions"], ","))


def outermost(sql: str) -> str:
    """Return a statement without what stands in its parentheses, but for the word VALUES of rows that stand there."""
    found, depth = "", 0
    for match in _TOKENS.finditer(sql):
        piece = " " if match["comment"] else match.group()
        depth -= piece == ")"
        found += piece if depth == 0 else ""
        if piece == "(":
            found += "VALUES" if depth == 0 and _GIVES_ROWS.match(sql, match.end()) else ""
            depth += 1
    return found


def split_at_where(sql: str) -> tuple[str, str]:
    """Return what stands before the WHERE of a statement and behind it, both without blanks around; the condition is empty where it has none."""
    for match in re.finditer(r"\bWHERE\b", sql, re.IGNORECASE):
        before = sql[: match.start()]
        plain = _TEXTS.sub("", before)
        if plain.count("(") == plain.count(")") and not {"'", '"'} & set(plain):
            return before.strip(), sql[match.end() :].strip()
    return sql.strip(), ""


def makes_of_itself(sql: str) -> bool:
    """Whether an UPDATE makes a column's value of the one that stands there, and no condition on that column spares what is made already."""
    before, condition = split_at_where(sql)
    sets = _SETS.match(before)
    assigned = map(_ASSIGNS.match, _split(sets["sets"], ",")) if sets is not None else ()
    return any(
        _speaks_of(one["value"], one["column"]) and not _speaks_of(condition, one["column"])
        for one in assigned
        if one is not None
    )


def _speaks_of(text: str, column: str) -> bool:
    """Whether an expression has a column, which is no literal, parameter, type or function of that name."""
    plain = "".join(" " if one["text"] and one["text"][0] != '"' else one.group() for one in _TOKENS.finditer(text))
    return (
        re.search(rf"(?<![\w:])(?<!%\(){re.escape(column.strip(chr(34)))}(?!\w|\s*\()", plain, re.IGNORECASE)
        is not None
    )


def in_parentheses(text: str, after: str) -> str:
    """Return what stands in the parentheses behind a word, without them; empty where none follow."""
    match = re.search(rf"\b{after}\s*\(", text, re.IGNORECASE)
    if match is None:
        return ""
    (inside, *_) = _split(text[match.end() :], ")")
    return inside.strip()


def _split(text: str, mark: str) -> Iterator[str]:
    """Yield the parts between marks that stand in no quotes and no parentheses, without comments."""
    part, depth = "", 0
    for match in _TOKENS.finditer(text):
        piece = match.group()
        if match["comment"]:
            piece = " "
        elif match["other"]:
            if piece == mark and depth == 0:
                yield part
                part = ""
                continue
            depth += {"(": 1, ")": -1}.get(piece, 0)
        part += piece
    yield part
