"""Writes a statement as the line of a revision: a call of Alembic's where it says the same, else op.execute()."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from pgharness.catalog.proposing.sqlalchemy_types import python_type

Named = dict[str, str | None]

NAME = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
TABLE = rf"(?:(?P<schema>{NAME})\.)?(?P<table>{NAME})"
REFERENCED = rf"(?:(?P<referent_schema>{NAME})\.)?(?P<referent>{NAME})"
NAMES = rf"{NAME}(?:, {NAME})*"
ALTER = rf"ALTER TABLE (?:ONLY )?{TABLE}"
# What sqlalchemy.text() takes for a bound parameter (its own pattern).
PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")
INDEX_NAME = rf"CREATE (?P<unique>UNIQUE )?INDEX (?P<name>{NAME}) ON {TABLE} USING (?P<using>\w+) "
INDEX_TAIL = re.compile(
    rf"(?: INCLUDE \((?P<include>{NAMES})\))?(?P<nulls> NULLS NOT DISTINCT)?"
    r"(?: WITH \((?P<with>[^()]*)\))?(?: WHERE (?P<where>.+))?",
    re.DOTALL,
)


def operation(statement: str) -> str:
    """Write a statement as a line of a revision."""
    sql = statement.removesuffix(";")
    for pattern, write in CALLS:
        match = pattern.fullmatch(sql)
        written = write(match.groupdict()) if match is not None else None
        if written is not None:
            return written
    return f"op.execute({python_text(sql)})"


def python_text(text: str) -> str:
    """Write SQL as a Python literal that sqlalchemy.text() gives back unchanged."""
    escaped = PARAMETER.sub(r"\\:", text)
    if "\n" not in escaped:
        return json.dumps(escaped, ensure_ascii=False)
    body = escaped.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if body.endswith('"'):
        body = body[:-1] + '\\"'
    return f'"""{body}"""'


def _create_index(named: Named) -> str | None:
    columns, rest = _split_list(named["rest"] or "")
    tail = INDEX_TAIL.fullmatch(rest)
    if tail is None or not columns:
        return None
    written = ", ".join(_name(one) if re.fullmatch(NAME, one) else f"sa.text({python_text(one)})" for one in columns)
    options = dict(part.split("=", 1) for part in (tail["with"] or "").split(", ") if part)
    given = {
        "unique": "True" if named["unique"] else None,
        "postgresql_using": json.dumps(named["using"]) if named["using"] != "btree" else None,
        "postgresql_include": _names(tail["include"]) if tail["include"] else None,
        "postgresql_nulls_not_distinct": "True" if tail["nulls"] else None,
        "postgresql_with": _dictionary(options) if options else None,
        "postgresql_where": f"sa.text({python_text(tail['where'])})" if tail["where"] else None,
    }
    return _call("create_index", [_f(named), _table(named), f"[{written}]"], given | _schema(named))


def _add_column(named: Named) -> str | None:
    match = re.fullmatch(
        r"(?P<type>.+?)(?: COLLATE (?P<collation>\S+))?(?: DEFAULT (?P<default>.+?))?(?P<nullable> NOT NULL)?",
        named["rest"] or "",
        re.DOTALL,
    )
    written = python_type(match["type"]) if match is not None else None
    if match is None or written is None or match["collation"]:
        return None
    given = {
        "server_default": f"sa.text({python_text(match['default'])})" if match["default"] else None,
        "nullable": "False" if match["nullable"] else None,
    }
    column = f"sa.Column({', '.join([_name(named['column']), written, *_keywords(given)])})"
    return _call("add_column", [_table(named), column], _schema(named))


def _alter_column(given: Callable[[Named], Named | None]) -> Callable[[Named], str | None]:
    def write(named: Named) -> str | None:
        changed = given(named)
        if changed is None:
            return None
        return _call("alter_column", [_table(named), _name(named["column"])], changed | _schema(named))

    return write


def _new_type(named: Named) -> Named | None:
    written = python_type(named["type"] or "")
    using = named.get("using")
    return None if written is None else {"type_": written, "postgresql_using": python_text(using) if using else None}


def _create_foreign_key(named: Named) -> str:
    given = {
        "ondelete": json.dumps(named["ondelete"]) if named["ondelete"] else None,
        "onupdate": json.dumps(named["onupdate"]) if named["onupdate"] else None,
        "match": json.dumps(named["match"]) if named["match"] else None,
        **_deferring(named),
        "postgresql_not_valid": "True" if named["not_valid"] else None,
        "source_schema": _schema(named)["schema"],
        "referent_schema": _schema({"schema": named["referent_schema"]})["schema"],
    }
    columns = [_names(named["columns"]), _names(named["referred"])]
    return _call("create_foreign_key", [_f(named), _table(named), _name(named["referent"]), *columns], given)


def _create_unique(named: Named) -> str:
    nulls = {"postgresql_nulls_not_distinct": "True" if named["nulls"] else None}
    given = nulls | _deferring(named) | _schema(named)
    return _call("create_unique_constraint", [_f(named), _table(named), _names(named["columns"])], given)


def _create_check(named: Named) -> str:
    given = {"postgresql_not_valid": "True" if named["not_valid"] else None} | _schema(named)
    return _call("create_check_constraint", [_f(named), _table(named), python_text(named["condition"] or "")], given)


def _deferring(named: Named) -> Named:
    return {
        "deferrable": "True" if named["deferrable"] else None,
        "initially": '"DEFERRED"' if named["deferred"] else None,
    }


def _comment(named: Named) -> Named:
    text = named["comment"]
    return {"comment": "None" if text is None else json.dumps(text.replace("''", "'"), ensure_ascii=False)}


def _comment_table(named: Named) -> str:
    if named["comment"] is None:
        return _call("drop_table_comment", [_table(named)], _schema(named))
    return _call("create_table_comment", [_table(named), str(_comment(named)["comment"])], _schema(named))


def _call(function: str, arguments: list[str], keywords: Named) -> str:
    return f"op.{function}({', '.join([*arguments, *_keywords(keywords)])})"


def _keywords(keywords: Named) -> list[str]:
    return [f"{name}={value}" for name, value in keywords.items() if value is not None]


def _schema(named: Named) -> Named:
    schema = named["schema"]
    return {"schema": None if schema in (None, "public") else _name(schema)}


def _table(named: Named) -> str:
    return _name(named["table"])


def _f(named: Named) -> str:
    """Write a name that no naming convention may change."""
    return f"op.f({_name(named['name'])})"


def _name(identifier: str | None) -> str:
    """Write an identifier as PostgreSQL prints it as a Python string."""
    text = identifier or ""
    plain = text[1:-1].replace('""', '"') if text.startswith('"') else text
    return json.dumps(plain, ensure_ascii=False)


def _names(listed: str | None) -> str:
    return f"[{', '.join(_name(one) for one in re.findall(NAME, listed or ''))}]"


def _dictionary(options: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {json.dumps(value.strip(chr(39)))}' for name, value in options.items()) + "}"


def _split_list(text: str) -> tuple[list[str], str]:
    """Split `(a, lower(b), c) rest` into its members and the rest, minding brackets and quotes."""
    members, start, depth = [], 1, 0
    for token in re.finditer(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),\[\]]", text):
        sign = token.group()
        depth += (sign in "([") - (sign in ")]") if len(sign) == 1 else 0
        if (sign == "," and depth == 1) or depth == 0:
            members.append(text[start : token.start()].strip())
            start = token.end()
        if depth == 0:
            return members, text[start:]
    return [], text


def _calls() -> list[tuple[re.Pattern[str], Callable[[Named], str | None]]]:
    constraint = rf"{ALTER} ADD CONSTRAINT (?P<name>{NAME})"
    column = rf"{ALTER} ALTER COLUMN (?P<column>{NAME})"
    deferring = r"(?P<deferrable> DEFERRABLE)?(?P<deferred> INITIALLY DEFERRED)?"
    action = r"CASCADE|RESTRICT|SET NULL|SET DEFAULT"
    references = (
        rf"REFERENCES {REFERENCED}\((?P<referred>{NAMES})\)(?: MATCH (?P<match>FULL))?"
        rf"(?: ON UPDATE (?P<onupdate>{action}))?(?: ON DELETE (?P<ondelete>{action}))?"
    )
    text = r"(?:NULL|'(?P<comment>(?:[^']|'')*)')"
    table: list[tuple[str, Callable[[Named], str | None]]] = [
        (rf"{INDEX_NAME}(?P<rest>\(.+)", _create_index),
        (rf"DROP INDEX {TABLE}", lambda n: _call("drop_index", [f"op.f({_table(n)})"], _schema(n))),
        (rf"DROP TABLE {TABLE}", lambda n: _call("drop_table", [_table(n)], _schema(n))),
        (rf"{ALTER} ADD COLUMN (?P<column>{NAME}) (?P<rest>.+)", _add_column),
        (
            rf"{ALTER} DROP COLUMN (?P<column>{NAME})",
            lambda n: _call("drop_column", [_table(n), _name(n["column"])], _schema(n)),
        ),
        (
            rf"{ALTER} DROP CONSTRAINT (?P<name>{NAME})",
            lambda n: _call("drop_constraint", [_f(n), _table(n)], _schema(n)),
        ),
        (rf"{constraint} CHECK \((?P<condition>.+)\)(?P<not_valid> NOT VALID)?", _create_check),
        (rf"{constraint} UNIQUE (?P<nulls>NULLS NOT DISTINCT )?\((?P<columns>{NAMES})\){deferring}", _create_unique),
        (
            rf"{constraint} PRIMARY KEY \((?P<columns>{NAMES})\)",
            lambda n: _call("create_primary_key", [_f(n), _table(n), _names(n["columns"])], _schema(n)),
        ),
        (
            rf"{constraint} FOREIGN KEY \((?P<columns>{NAMES})\) {references}{deferring}(?P<not_valid> NOT VALID)?",
            _create_foreign_key,
        ),
        (rf"{column} SET NOT NULL", _alter_column(lambda _: {"nullable": "False"})),
        (rf"{column} DROP NOT NULL", _alter_column(lambda _: {"nullable": "True"})),
        (rf"{column} DROP DEFAULT", _alter_column(lambda _: {"server_default": "None"})),
        (
            rf"{column} SET DEFAULT (?P<default>.+)",
            _alter_column(lambda n: {"server_default": f"sa.text({python_text(n['default'] or '')})"}),
        ),
        (rf"{column} TYPE (?P<type>[^:]+?)(?: USING (?P<using>.+))?", _alter_column(_new_type)),
        (rf"COMMENT ON TABLE {TABLE} IS {text}", _comment_table),
        (rf"COMMENT ON COLUMN {TABLE}\.(?P<column>{NAME}) IS {text}", _alter_column(_comment)),
    ]
    return [(re.compile(pattern, re.DOTALL), write) for pattern, write in table]


CALLS = _calls()
