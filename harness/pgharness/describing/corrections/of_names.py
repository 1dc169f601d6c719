"""Where a statement names what is not there, or makes what is there already (class 42)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from pgharness.catalog.facts import RELATION_KINDS
from pgharness.catalog.names import NAME, qualifier, unqualified, unquoted
from pgharness.describing.corrections.failing import Failing

_MISSING = re.compile(
    r'(?P<kind>relation|table|view|materialized view|sequence|index|type|constraint|trigger) "(?P<name>[^"]+)" (?:(?:of relation|for table) "(?P<table>[^"]+)" )?does not exist'
)
_COLUMN = re.compile(r'column "?(?P<name>[^" ]+)"? (?:of relation "(?P<table>[^"]+)" )?does not exist')
_DROP = re.compile(
    r"\b(DROP\s+(?:TABLE|VIEW|MATERIALIZED\s+VIEW|SEQUENCE|INDEX(?:\s+CONCURRENTLY)?|TYPE|CONSTRAINT|TRIGGER))\s+(?!IF\b)",
    re.IGNORECASE,
)
_DROPS = re.compile(r"\bDROP\s+(?!DEFAULT\b|NOT\s+NULL\b|EXPRESSION\b|IDENTITY\b)", re.IGNORECASE)
_WORD = re.compile(NAME)
# What sends the statement alone; a table that comes with its type, say, is more than what is there already.
_MAKES = {
    "42P07": re.compile(r"op\.(?:create_table|create_index|execute)\("),
    "42701": re.compile(r"op\.(?:add_column|execute)\("),
    "42710": re.compile(r"op\.(?:create_\w+_constraint|create_foreign_key|create_primary_key|execute)\("),
    "42P06": re.compile(r"op\.execute\("),
}
_SEVERAL = re.compile(r",\s*(?:ADD|ALTER|DROP)\b|\bADD\b[\s\S]*\bADD\b", re.IGNORECASE)
_NEAR = 0.7


def missing_relation(failing: Failing) -> str:
    """Correct the name of a table that is not there."""
    return _missing(failing, RELATION_KINDS)


def missing_object(failing: Failing) -> str:
    """Correct the name of a type, an index or a constraint that is not there; what drops it need not find it."""
    found = _MISSING.search(failing.message)
    return _missing(failing, (found["kind"],)) if found is not None else ""


def missing_column(failing: Failing) -> str:
    """Correct the name of a column that is not there, by those of the tables that the statement names."""
    found = _COLUMN.search(failing.message)
    if found is None:
        return ""
    name = unquoted(unqualified(found["name"]))
    if other := _dropped_elsewhere(failing, name):
        return other
    near = _nearest(name, _columns_of(failing, found["table"]))
    return failing.said_otherwise(near, name) if near else _if_column_exists(failing, name)


def there_already(sqlstate: str, failing: Failing) -> str:
    """Leave out what makes it once more, where that makes nothing else."""
    makes_it_alone = _MAKES[sqlstate].match(failing.code) and not _SEVERAL.search(failing.sql)
    is_role = re.match(r"\s*CREATE\s+(?:ROLE|USER|GROUP)\b", failing.sql, re.IGNORECASE)
    return failing.without_it() if makes_it_alone and not is_role else ""


def _missing(failing: Failing, kinds: Iterable[str]) -> str:
    found = _MISSING.search(failing.message)
    if found is None:
        return ""
    name, table = found["name"], found["table"]
    there = [key.object for key in failing.before.objects(*kinds)]
    if table:
        there = [one for one in there if unquoted(unqualified(qualifier(one))) == table]
    elsewhere = [one for one in there if unquoted(unqualified(one)) == unquoted(unqualified(name))]
    if elsewhere and (typed := _gone_along(failing, elsewhere)):
        return typed
    if elsewhere and not table:
        return failing.said_otherwise(elsewhere[0], name) if len(elsewhere) == 1 and "." not in name else ""
    near = _nearest(unquoted(unqualified(name)), map(unqualified, there))
    return failing.said_otherwise(near, unquoted(unqualified(name))) if near else _if_exists(failing)


def _gone_along(failing: Failing, there: Sequence[str]) -> str:
    """Leave out what drops something that stood there before the revision, and went with what the revision drops before it."""
    drops_before = any(_DROPS.search(one.sql) for one in failing.sent if one.sql.strip() != failing.sql)
    found_by_name = len(there) == 1 and there[0].startswith(("public.", '"public".'))
    if not (found_by_name and drops_before and _DROP.search(failing.sql)):
        return ""
    typed = failing.without_it()
    return f"{typed}: it went with what is dropped before it" if typed else ""


def _if_exists(failing: Failing) -> str:
    """Let a statement that drops something pass where that is missing."""
    if len(_DROP.findall(failing.sql)) != 1:
        return ""
    return _or_named(failing.in_its_place(_DROP.sub(r"\1 IF EXISTS ", failing.sql)))


def _dropped_elsewhere(failing: Failing, name: str) -> str:
    """Say which table a downgrade is to drop a column of, where but one has a column of that name."""
    columns = (one.object for one in failing.before.objects("column"))
    tables = [qualifier(one) for one in columns if unquoted(unqualified(one)) == name]
    drops = failing.is_back and failing.altered and re.search(r"\bDROP\s+COLUMN\b", failing.sql, re.IGNORECASE)
    return failing.said_otherwise(unqualified(tables[0]), failing.altered) if drops and len(tables) == 1 else ""


def _if_column_exists(failing: Failing, name: str) -> str:
    """Let an ALTER TABLE that drops a column pass where that is missing."""
    drop = re.compile(rf'\bDROP\s+(?:COLUMN\s+)?("?{re.escape(name)}"?)(?![\w$])', re.IGNORECASE)
    if not failing.altered or len(drop.findall(failing.sql)) != 1:
        return ""
    return _or_named(failing.in_its_place(drop.sub(r"DROP COLUMN IF EXISTS \1", failing.sql)))


def _or_named(typed: str) -> str:
    """Say with code that passes where nothing is there what else may be meant."""
    return f"{typed}, where it may be absent; or name it as the revisions before this one leave it" if typed else ""


def _columns_of(failing: Failing, table: str | None) -> Iterator[str]:
    named = {unquoted(one) for one in _WORD.findall(failing.sql)} if table is None else {table}
    for column in failing.before.objects("column"):
        if unquoted(unqualified(qualifier(column.object))) in named:
            yield unqualified(column.object)


def _nearest(name: str, there: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, list(there), n=1, cutoff=_NEAR)), "")
