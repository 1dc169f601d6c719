"""Reads the literals out of SQL that changes or finds rows: `SET c = 'x'`, `WHERE c = 'x'`, `IN (…)`, `CASE c WHEN 'x'`, `VALUES (…)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pgharness.rows.sent import Literal, Sent

MOST = 6
"""So many values of one list are read."""
LONGEST = 20_000
"""A longer statement is the contents of a table, and is not read."""
UNKNOWN = "…"
"""What stands in a text for an expression whose value is not known."""
PLACES = [f"#{place}" for place in range(100)]
"""The names of columns that an INSERT does not name."""
_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
_FULL = rf"(?:{_NAME}\.)?({_NAME})"
_LITERAL = r"(?:(?:DATE|TIMESTAMP|TIMESTAMPTZ|INTERVAL|E)?\s*'(?:[^']|'')*'|-?\d+(?:\.\d+)?(?![\w.])|\b(?:TRUE|FALSE|NULL)\b|(?<!:):[A-Za-z_]\w*|%\([A-Za-z_]\w*\)s)"
_COLUMN = rf"(?:({_NAME})\.)?({_NAME})(?:::\w+)?"
_EQUALS = re.compile(
    rf"(?<![\w.\"]){_COLUMN}\s*(?:=\s*(?P<one>{_LITERAL})|IN\s*\((?P<list>[^()]*)\)|=\s*ANY\s*\(\s*ARRAY\s*\[(?P<array>[^\]]*)\]|(?P<null>IS\s+NULL))",
    re.IGNORECASE,
)
_SET = re.compile(rf"(?:^|,)\s*(?:{_NAME}\.)?({_NAME})\s*=\s*({_LITERAL})\s*(?:::\w+\s*)?(?=,|$)", re.IGNORECASE)
_SET_CASE = re.compile(rf"(?:^|,)\s*({_NAME})\s*=\s*(CASE\b.*?\bEND)\b", re.IGNORECASE | re.DOTALL)
_CASE_OF = re.compile(rf"\bCASE\s+{_COLUMN}\s+(?=WHEN\b)(.*?)\bEND\b", re.IGNORECASE | re.DOTALL)
_WHEN = re.compile(rf"\bWHEN\s+({_LITERAL})\s+THEN\b", re.IGNORECASE)
_THEN = re.compile(rf"\b(?:THEN|ELSE)\s+({_LITERAL})", re.IGNORECASE)
_UPDATE = re.compile(
    rf"\bUPDATE\s+(?:ONLY\s+)?{_FULL}(?:\s+(?:AS\s+)?(?!SET\b)({_NAME}))?\s+SET\s+(.*?)(?:\bWHERE\b(.*?))?(?:\bRETURNING\b.*)?$",
    re.IGNORECASE | re.DOTALL,
)
_DELETE = re.compile(
    rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{_FULL}(?:\s+(?:AS\s+)?(?!WHERE\b|USING\b)({_NAME}))?\b(?:.*?\bWHERE\b(.*))?$",
    re.IGNORECASE | re.DOTALL,
)
_SELECT = re.compile(
    rf"\bSELECT\b.*?\bFROM\s+{_FULL}(?:\s+(?:AS\s+)?(?!WHERE\b|JOIN\b|LEFT\b|INNER\b|ORDER\b|GROUP\b|LIMIT\b)({_NAME}))?\b(?:.*?\bWHERE\b(.*))?$",
    re.IGNORECASE | re.DOTALL,
)
_INSERT = re.compile(
    rf"\bINSERT\s+INTO\s+{_FULL}\s*(?:AS\s+{_NAME}\s*)?(?:\(([^()]*)\))?\s*(?:OVERRIDING\s+\w+\s+VALUE\s+)?(?:VALUES\s*(.*))?",
    re.IGNORECASE | re.DOTALL,
)
_ROW = re.compile(r"\(((?:[^()']|'(?:[^']|'')*'|\([^()]*\))*)\)")
_PART = re.compile(r"(?:[^,()']|'(?:[^']|'')*'|\([^()]*\))+")
_INNER = re.compile(r"\(\s*SELECT\b", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_IS_SQL = re.compile(r"\b(?:UPDATE|DELETE|INSERT|SELECT|CASE)\b", re.IGNORECASE)


def read_sql(text: str, bound: Mapping[str, Literal]) -> Iterator[Sent]:
    """Yield what the statements of a text find and write; `bound` are the values of its parameters, by name."""
    if not _IS_SQL.search(text):
        return
    for statement in _statements(_COMMENT.sub(" ", text)):
        outer, inner = _taken_apart(statement)
        for one in inner:
            yield from read_sql(one, bound)
        yield from _read(outer.strip(), bound)


def _statements(text: str) -> Iterator[str]:
    """Yield what stands between semicolons that are in no text."""
    yield from (
        one[0] for one in re.finditer(r"(?:[^;']|'(?:[^']|'')*'|')+", text) if one[0].strip() and len(one[0]) < LONGEST
    )


def _taken_apart(statement: str) -> tuple[str, list[str]]:
    """Return a statement without the queries that stand in brackets in it, and these."""
    inner = []
    while (found := _INNER.search(statement)) is not None:
        depth, end = 0, len(statement)
        for place in range(found.start(), len(statement)):
            depth += {"(": 1, ")": -1}.get(statement[place], 0)
            if depth == 0:
                end = place + 1
                break
        inner.append(statement[found.start() + 1 : end - 1])
        statement = f"{statement[: found.start()]}({UNKNOWN}){statement[end:]}"
    return statement, inner


def _read(statement: str, bound: Mapping[str, Literal]) -> Iterator[Sent]:
    if (found := _INSERT.search(statement)) is not None:
        into = [unquoted(one.strip()) for one in found[2].split(",")] if found[2] else PLACES
        rows = tuple(
            dict(_given(into, _PART.findall(row), bound))
            for row in _ROW.findall((found[3] or "").partition("ON CONFLICT")[0])
        )
        yield Sent("insert", unquoted(found[1]), rows=rows[:MOST])
    elif (found := _UPDATE.search(statement)) is not None:
        names = {unquoted(found[1]), unquoted(found[2] or "")}
        cases = list(_of_cases(found[3], names, bound))
        yield Sent(
            "update", unquoted(found[1]), (*_met(found[4] or "", names, bound), *cases), dict(_written(found[3], bound))
        )
    elif (found := _DELETE.search(statement)) is not None:
        yield Sent(
            "delete", unquoted(found[1]), _met(found[3] or "", {unquoted(found[1]), unquoted(found[2] or "")}, bound)
        )
    elif (found := _SELECT.search(statement)) is not None:
        yield Sent(
            "select", unquoted(found[1]), _met(found[3] or "", {unquoted(found[1]), unquoted(found[2] or "")}, bound)
        )


def _met(where: str, names: set[str], bound: Mapping[str, Literal]) -> tuple[Mapping[str, Literal], ...]:
    """Return what rows have that meet a condition: each value of a list for itself, and each of what OR joins."""
    cases = tuple(_of_cases(where, names, bound))
    where = _CASE_OF.sub(" ", where)
    compared = [
        (unquoted(found[2]), tuple(_values(found, bound)))
        for found in _EQUALS.finditer(where)
        if not found[1] or unquoted(found[1]) in names
    ]
    compared = [(column, values) for column, values in compared if values]
    if not compared:
        return cases
    if re.search(r"\bOR\b", where, re.IGNORECASE):
        return (*({column: one} for column, values in compared for one in values), *cases)
    return (*joined(compared), *cases)


def joined(compared: Sequence[tuple[str, tuple[Literal, ...]]]) -> tuple[Mapping[str, Literal], ...]:
    """Return the rows that meet all comparisons, one for each value of the longest list; none where nothing is compared."""
    longest = max((len(values) for _, values in compared), default=0)
    return tuple(
        {column: values[place % len(values)] for column, values in compared} for place in range(min(longest, MOST))
    )


def _values(found: re.Match[str], bound: Mapping[str, Literal]) -> Iterator[Literal]:
    if found["null"]:
        yield None
    for one in (found["one"],) if found["one"] else _PART.findall(found["list"] or found["array"] or ""):
        yield from _literal(one, bound)


def _of_cases(text: str, names: set[str], bound: Mapping[str, Literal]) -> Iterator[Mapping[str, Literal]]:
    """Yield what a CASE asks a column for; one of conditions has its own comparisons."""
    for case in _CASE_OF.finditer(text):
        if not case[1] or unquoted(case[1]) in names:
            for when in _WHEN.findall(case[3]):
                yield from ({unquoted(case[2]): one} for one in _literal(when, bound))
    for case in re.finditer(r"\bCASE\s+WHEN\b.*?\bEND\b", text, re.IGNORECASE | re.DOTALL):
        for found in _EQUALS.finditer(case[0]):
            if not found[1] or unquoted(found[1]) in names:
                yield from ({unquoted(found[2]): one} for one in _values(found, bound))


def _written(assignments: str, bound: Mapping[str, Literal]) -> Iterator[tuple[str, tuple[Literal, ...]]]:
    for name, literal in _SET.findall(assignments):
        yield unquoted(name), tuple(_literal(literal, bound))
    for name, case in _SET_CASE.findall(assignments):
        yield unquoted(name), tuple(one for found in _THEN.findall(case) for one in _literal(found, bound))


def _given(names: Sequence[str], values: Sequence[str], bound: Mapping[str, Literal]) -> Iterator[tuple[str, Literal]]:
    for name, value in zip(names, values, strict=False):
        yield from ((name, one) for one in _literal(value, bound))


def _literal(text: str, bound: Mapping[str, Literal]) -> Iterator[Literal]:
    """Yield the value that a literal stands for; nothing where it is another expression, or the value of a parameter is not known."""
    text = re.sub(r"::[\w ]+(?:\(\d+\))?$", "", text.strip())
    if (name := re.fullmatch(r":(\w+)|%\((\w+)\)s", text)) is not None:
        yield from (bound[one] for one in name.groups() if one in bound)
    elif (string := re.fullmatch(r"(?:[A-Za-z]+\s*)?'((?:[^']|'')*)'", text)) is not None:
        if UNKNOWN not in string[1]:
            yield string[1].replace("''", "'")
    elif re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        yield text
    elif text.upper() in {"TRUE", "FALSE"}:
        yield text.lower()
    elif text.upper() == "NULL":
        yield None


def unquoted(name: str) -> str:
    """Return a name as the catalog has it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
