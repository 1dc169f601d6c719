"""Tries statements in a session, each by itself and undone, and tells what they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Self

import psycopg
from psycopg import pq, sql
from psycopg.postgres import types
from psycopg.pq.abc import PGresult

from pgharness.databases import Database
from pgharness.records.old_release import Answer, OldStatement, Refusal

# Types that a driver gives to the program alike.
_FAMILIES = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), "text"),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "whole number"),
    **dict.fromkeys(("float4", "float8"), "floating number"),
    **dict.fromkeys(("json", "jsonb"), "JSON"),
}
_ENUM_LABEL = re.compile(r"^invalid input value for enum (.+?): ")
_COLUMN = re.compile(r'column "((?:[^"]|"")+)"|column (?:\w+\.)*(\w+) does not exist')

# How many statements go in one message.
AT_ONCE = 100


class Session:
    """A session of the release before, under the application's role where that is known."""

    def __init__(self, database: Database, role: str = "") -> None:
        # Without a threshold: psycopg would deallocate what is prepared by its name when a transaction is rolled back.
        self._connection = database.connect(prepare_threshold=None)
        if role:
            self._connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._connection.close()

    def prepare(self, statements: Mapping[int, OldStatement]) -> None:
        """Prepare statements, each under the name of its place, in one message, and carry each out once, so that its plan is kept."""
        text = ";".join(f"PREPARE {_name(place)} AS {one.sql}" for place, one in statements.items())
        if text:
            self._connection.execute(text.encode())
            self.execute_prepared(statements)

    def execute_prepared(self, statements: Mapping[int, OldStatement]) -> dict[int, Answer | None]:
        """Carry out what was prepared, and undo it; for a parameter stands NULL."""
        return self._try({place: (f"EXECUTE {_name(place)}{_arguments(one)}",) for place, one in statements.items()})

    def execute(self, statements: Sequence[OldStatement]) -> list[Answer | None]:
        """Carry out each statement, or let the server parse it alone, and undo it; None where the row that it is about cannot be made."""
        needs_row = frozenset(place for place, one in enumerate(statements) if one.first)
        return list(self._try({place: _texts(place, one) for place, one in enumerate(statements)}, needs_row).values())

    def stay(self, statements: Sequence[OldStatement]) -> None:
        """Carry out statements for good, each in a transaction of its own; those that are refused are told elsewhere."""
        for one in statements:
            self._connection.pgconn.exec_(one.sql.encode())

    @contextmanager
    def sequences_kept(self) -> Iterator[None]:
        """Let sequences go on from where they stood: what was taken from them is undone by no rollback."""
        rows = self._connection.execute(
            "SELECT format('%I.%I', schemaname, sequencename) FROM pg_catalog.pg_sequences ORDER BY 1"
        ).fetchall()
        texts = [f"SELECT {sql.Literal(name).as_string()}, last_value, is_called FROM {name}" for (name,) in rows]
        stand = self._connection.execute(" UNION ALL ".join(texts).encode()).fetchall() if texts else []
        yield
        calls = (
            f"setval(to_regclass({sql.Literal(name).as_string()}), {value}, {is_called})"
            for name, value, is_called in stand
        )
        if stand:
            self._connection.execute(f"SELECT {', '.join(calls)}".encode())

    def secured_tables(self) -> frozenset[str]:
        """Return the tables on which row security is."""
        rows = self._connection.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relrowsecurity"
        )
        return frozenset(name for (name,) in rows)

    def count(self, text: str) -> int | None:
        """Return the number that a query gives; None where it is refused."""
        with suppress(psycopg.Error):
            row = self._connection.execute(text.encode()).fetchone()
            return None if row is None else int(row[0])
        return None

    def _try(
        self, texts: Mapping[int, tuple[str, ...]], needs_row: frozenset[int] = frozenset()
    ) -> dict[int, Answer | None]:
        """Carry out each by itself, going back to a savepoint after it; many go in one message, which ends with the first that is refused."""
        answers: dict[int, Answer | None] = {}
        waiting = list(texts.items())
        with self._connection.transaction(force_rollback=True):
            self._connection.execute("SAVEPOINT tried")
            while waiting:
                answers.update(self._send(waiting[:AT_ONCE], needs_row))
                waiting = waiting[-(len(texts) - len(answers)) :] if len(answers) < len(texts) else []
        return answers

    def _send(
        self, several: Sequence[tuple[int, tuple[str, ...]]], needs_row: frozenset[int]
    ) -> Iterator[tuple[int, Answer | None]]:
        """Send one message, and yield what each statement came to, up to the first that is refused."""
        connection = self._connection.pgconn
        expected = [
            (place, at - len(texts) + 1, text) for place, texts in several for at, text in enumerate(_whole(texts))
        ]
        connection.send_query(";".join(text for _, _, text in expected).encode())
        ended = None
        for sent, result in enumerate(iter(connection.get_result, None)):
            place, behind, _ = expected[sent]
            if result.status == pq.ExecStatus.FATAL_ERROR:
                ended = place, None if behind < 0 and place in needs_row else _answer_of(result)
            elif behind == 0:
                answer = _answer_of(result)
            elif behind == 1:  # what waited for the end of the transaction has passed too
                yield place, answer
        if ended is not None:
            connection.exec_(b"ROLLBACK TO SAVEPOINT tried")
            yield ended


def _arguments(statement: OldStatement) -> str:
    values = statement.values or ("NULL",) * statement.parameters
    return f"({', '.join(values)})" if values else ""


def _texts(place: int, statement: OldStatement) -> tuple[str, ...]:
    if statement.only_parsed:
        return (f"PREPARE pgharness_parsed_{place} AS {statement.sql}",)
    if statement.values:
        prepared = f"pgharness_given_{place}"
        return (f"PREPARE {prepared} AS {statement.sql}", f"EXECUTE {prepared}{_arguments(statement)}")
    return (statement.first, statement.sql) if statement.first else (statement.sql,)


def _whole(texts: tuple[str, ...]) -> tuple[str, ...]:
    # Constraints that wait for the end of the transaction have their say within it, for it is never committed.
    return (*texts, "SET CONSTRAINTS ALL IMMEDIATE", "ROLLBACK TO SAVEPOINT tried")


def _answer_of(result: PGresult) -> Answer:
    if result.status == pq.ExecStatus.FATAL_ERROR:
        return Answer(refusal=_refusal_of(result))
    columns = range(result.nfields)
    families = tuple((_text(result.fname(at)), family_of(result.ftype(at))) for at in columns)
    values = tuple(_value(result, at) for at in columns) if result.ntuples == 1 else ()
    return Answer(result.command_tuples or 0, families, values)


def _refusal_of(result: PGresult) -> Refusal:
    field = {
        name: _text(result.error_field(getattr(pq.DiagnosticField, name)))
        for name in ("SQLSTATE", "MESSAGE_PRIMARY", "COLUMN_NAME", "CONSTRAINT_NAME", "SCHEMA_NAME", "TABLE_NAME")
    }
    message = field["MESSAGE_PRIMARY"]
    named = _COLUMN.search(message)
    label = _ENUM_LABEL.match(message)
    return Refusal(
        field["SQLSTATE"],
        message,
        column=field["COLUMN_NAME"] or ((named[1] or named[2]).rpartition(".")[2] if named is not None else ""),
        constraint=field["CONSTRAINT_NAME"],
        table=f"{field['SCHEMA_NAME']}.{field['TABLE_NAME']}" if field["SCHEMA_NAME"] and field["TABLE_NAME"] else "",
        type_name=label[1] if label is not None else "",
    )


@cache
def family_of(oid: int) -> str:
    """Return in words as what a driver gives a type to the program; types of users come as texts."""
    known = types.get(oid)
    if known is None:
        return "text"
    name = known.name
    family = _FAMILIES.get(name, name)
    return f"{family} array" if known.array_oid == oid else family


def _value(result: PGresult, at: int) -> str | None:
    value = result.get_value(0, at)
    return None if value is None else _text(value)


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _name(place: int) -> str:
    return f"pgharness_old_{place}"
