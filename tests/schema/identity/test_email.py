"""What an e-mail address is, on databases of several locales: which two are one, and which the database itself refuses."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import CheckViolation, UniqueViolation

from flowforge_schema import migrate
from flowforge_schema.queries import user_by_email
from flowforge_schema.queries.text import prepared_text
from pgharness.databases import Databases

LOCALES = {
    "C": "LOCALE 'C'",
    "builtin C.UTF-8": "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
}
ONE_ADDRESS = {
    "ASCII in another case": ("ada@example.org", "ADA@Example.ORG"),
    "a composed and a decomposed é": ("andr\u00e9@example.org", "ANDRE\u0301@example.org"),
    "a capital É": ("andr\u00e9@example.org", "ANDR\u00c9@example.org"),
    "the KELVIN SIGN and k": ("kim@example.org", "\u212aim@example.org"),
    "ß and SS": ("stra\u00dfe@example.org", "STRASSE@example.org"),
    "a small and a capital ß": ("stra\u00dfe@example.org", "STRA\u1e9eE@example.org"),
    "İ and i with a dot above": ("\u0130dil@example.org", "i\u0307dil@example.org"),
    "both small sigmas": ("\u03bf\u03b4\u03bf\u03c2@example.org", "\u039f\u0394\u039f\u03a3@example.org"),
}
TWO_ADDRESSES = {
    "İ and i": ("\u0130dil@example.org", "idil@example.org"),
    "i without a dot and i": ("adm\u0131n@example.org", "admin@example.org"),
    "é and e": ("andr\u00e9@example.org", "andre@example.org"),
}
REFUSED = {
    "no @": ("ada.example.org", "ck_users__email_has_one_at"),
    "two @": ("ada@home@example.org", "ck_users__email_has_one_at"),
    "nothing before @": ("@example.org", "ck_users__email_has_one_at"),
    "nothing behind @": ("ada@", "ck_users__email_has_one_at"),
    "a space inside": ("a da@example.org", "ck_users__email_no_blank"),
    "a no-break space before": ("\u00a0ada@example.org", "ck_users__email_no_blank"),
    "an ideographic space behind": ("ada@example.org\u3000", "ck_users__email_no_blank"),
    "a line's end": ("ada@example.org\n", "ck_users__email_no_blank"),
    "a control character": ("a\u0001da@example.org", "ck_users__email_no_blank"),
    "a C1 control character": ("a\u0085da@example.org", "ck_users__email_no_blank"),
    "a zero width space": ("a\u200bda@example.org", "ck_users__email_no_blank"),
    "a change of direction": ("a\u202eda@example.org", "ck_users__email_no_blank"),
    "a byte order mark": ("\ufeffada@example.org", "ck_users__email_no_blank"),
    "a decomposed é": ("andre\u0301@example.org", "ck_users__email_normalized"),
}


@pytest.fixture(scope="module", params=list(LOCALES.values()), ids=list(LOCALES))
def connection(pg_databases: Databases, request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """Give a connection to a migrated database of each locale; what a test does is undone."""
    beside = pg_databases.create_empty()
    name = sql.Identifier(f"pgharness_locale_{uuid4().hex}")
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING UTF8 {}").format(name, sql.SQL(request.param))
    try:
        with beside.connect() as server:
            server.autocommit = True
            server.execute(create)
            try:
                url = beside.url.set(database=name.as_string().strip('"'))
                migrate.upgrade(url)
                with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as inside:
                    yield inside
            finally:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
    finally:
        pg_databases.drop(beside)


def add_user(connection: psycopg.Connection, email: str) -> None:
    connection.execute("INSERT INTO users (email) VALUES (normalize(%s))", [email])


def found(connection: psycopg.Connection, email: str) -> int:
    statement, values = prepared_text(user_by_email(email))
    cursor = psycopg.RawCursor(connection)
    return len(cursor.execute(statement.encode(), values).fetchall())


@pytest.mark.parametrize(("stored", "asked"), ONE_ADDRESS.values(), ids=ONE_ADDRESS)
def test_one_address_in_two_spellings_is_found_by_either_and_taken_once(
    connection: psycopg.Connection, stored: str, asked: str
) -> None:
    with connection.transaction(force_rollback=True):
        add_user(connection, stored)

        assert (found(connection, stored), found(connection, asked)) == (1, 1)
        with pytest.raises(UniqueViolation, match="uq_users__casefold_email"):
            add_user(connection, asked)


@pytest.mark.parametrize(("one", "other"), TWO_ADDRESSES.values(), ids=TWO_ADDRESSES)
def test_two_addresses_that_only_look_alike_are_two_users(connection: psycopg.Connection, one: str, other: str) -> None:
    with connection.transaction(force_rollback=True):
        add_user(connection, one)
        assert found(connection, other) == 0
        add_user(connection, other)

        assert (found(connection, one), found(connection, other)) == (1, 1)


@pytest.mark.parametrize(("email", "constraint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_address_is_refused_by_the_database_itself(
    connection: psycopg.Connection, email: str, constraint: str
) -> None:
    with pytest.raises(CheckViolation, match=constraint), connection.transaction():
        connection.execute("INSERT INTO users (email) VALUES (%s)", [email])


@pytest.mark.parametrize("email", ["a@b", "andr\u00e9@b\u00fccher.example", "o'brien+news@example.org"])
def test_an_address_without_them_is_taken(connection: psycopg.Connection, email: str) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("INSERT INTO users (email) VALUES (%s)", [email])

        assert found(connection, email.upper()) == 1
