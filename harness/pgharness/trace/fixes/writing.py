"""The words and calls that fixes are written of: what is sent, what is sent by itself, what is filled in pieces, what waits for the next revision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import qualifier
from pgharness.records.trace import Work
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.statement_parts import makes_of_itself, outermost, split_at_where, the_one

NAME = r'"[^"]+"|\w+'
ATTACHES = re.compile(r"\bATTACH\s+PARTITION\b|\bPARTITION\s+OF\b", re.IGNORECASE)
BLOCK = "with op.get_context().autocommit_block(): "
NEXT, THEN = "; and in the next revision ", "; and in one after it "
BACK = "; and in its downgrade(): "
_WRITES_ROWS = re.compile(
    r"^\s*(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?P<table>(?:\"[^\"]+\"|[\w.])+)(?!\s*\*)", re.IGNORECASE
)
# So many pages are 8 MB: some ten thousand rows, locked for a moment.
_PAGES = 1000


def sql_of(one: Occurrence) -> str:
    """Return the statement on one line; of several that are sent at once, that which names what is worked on."""
    return the_one(one.statement.statement.sql, one.work.name) or " ".join(one.statement.statement.sql.split())


def execute(sql: str) -> str:
    """Return the call that sends a statement."""
    return f"op.execute({sql!r})" if '"' in sql or "\\" in sql else f'op.execute("{sql}")'


def all_of(*statements: str) -> str:
    """Return the calls that send statements, one after the other."""
    return "; ".join(map(execute, statements))


def in_pieces(table: str, column: str, value: str) -> str:
    """Return the statement that fills a column where it is NULL, some pages at a time, each committed; it can be stopped and sent again."""
    return _by_pages(table, f"UPDATE {table} SET {column} = {value} WHERE {column} IS NULL")


def written_in_pieces(sql: str) -> str:
    """Return a statement that writes to rows of one table as one that does so in pieces; empty for what cannot be parted so."""
    text = sql.rstrip("; ")
    writes = _WRITES_ROWS.match(text)
    if (
        writes is None
        or "$$" in text
        or makes_of_itself(text)
        or re.search(r"\b(FROM|USING|RETURNING)\b", outermost(text[writes.end() :]), re.IGNORECASE)
    ):
        return ""
    before, condition = split_at_where(text)
    return _by_pages(writes["table"], f"{before} WHERE {f'({condition})' if condition else 'true'}")


def _by_pages(table: str, statement: str) -> str:
    """Return a loop that sends a statement, which ends with its condition, for some pages of a table at a time, and commits each time."""
    pages = f"pg_relation_size('{table.replace(chr(39), 2 * chr(39))}') / current_setting('block_size')::int"
    first, behind = "('(' || page || ',0)')::tid", f"('(' || page + {_PAGES} || ',0)')::tid"
    every = statement.removesuffix(" true") if statement.endswith(" WHERE true") else f"{statement} AND"
    return (
        f"DO $$ BEGIN FOR page IN 0 .. {pages} BY {_PAGES} LOOP "
        f"{every} ctid >= {first} AND ctid < {behind}; COMMIT; END LOOP; END $$"
    )


def not_null_in_steps(table: str, column: str) -> str:
    """Return the calls after which a column whose rows are filled may not be NULL."""
    name = quoted(f"{bare(column)}_not_null")
    check = f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL)"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    proven = all_of(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL", drop)
    unproven = all_of(check, f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")
    added = f"{execute(f'{check} NOT VALID')}{BACK}{execute(drop)}"
    return (
        f"{added}{validated_next(f'ALTER TABLE {table}', {name: f'{check} NOT VALID'})}{THEN}{proven}{BACK}{unproven}"
    )


def validated_next(alter: str, added: Mapping[str, str]) -> str:
    """Return the calls of the next revision, which validates constraints, and of its downgrade(); each is `added` by a statement of its own."""
    validated = all_of(*(f"{alter} VALIDATE CONSTRAINT {name}" for name in added))
    anew = all_of(*(one for name, again in added.items() for one in (f"{alter} DROP CONSTRAINT {name}", again)))
    return f"{NEXT}{validated}{BACK}{anew}"


def bare(name: str) -> str:
    """Return a name without schema and quotes."""
    return name.rpartition(".")[2].strip('"')


def has(words: str, text: str) -> bool:
    """Whether a text has these words in this order."""
    pattern = words.replace(" ", r"\s+")
    return re.search(rf"\b{pattern}\b", text, re.IGNORECASE) is not None


def drop_unfinished(one: Occurrence, ending: str = "") -> str:
    """Return the call that takes away what a build that was stopped has left, so that the revision can be run again."""
    return drop(replace(one.work, name=f"{one.work.name}{ending}"))


def drop(work: Work) -> str:
    """Return the call that drops the index of a build."""
    return execute(f"DROP INDEX CONCURRENTLY IF EXISTS {of(work)}")


def of(work: Work) -> str:
    """Return the index of a build as a statement names it."""
    return beside(work.relation, quoted(work.name))


def beside(relation: str, name: str) -> str:
    """Return a name in the schema of a relation, where an index is in its table's, and a sequence in its column's."""
    schema = qualifier(relation)
    return f"{schema}.{name}" if schema else name
