"""A server that is given by URL is checked before it is used, and no message tells its password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgharness.findings import CannotRun
from pgharness.servers import Server, connect_given, open_server
from pgharness.servers.embedded import data_directory
from pgharness.servers.embedded import server as embedded
from pgharness.servers.given_url import parse_url


@pytest.fixture
def clerk(own_server: Server) -> Iterator[str]:
    """Make a role without any rights."""
    with own_server.connect() as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        yield "clerk"
        connection.execute("DROP ROLE clerk")


def text_of(server: Server, **parts: Any) -> str:
    return replace(server.url, **parts).render()


def refusal(text: str) -> CannotRun:
    with pytest.raises(CannotRun) as caught, open_server(text):
        pass
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://ada:pw@host/shop", "postgresql://ada:pw@host/shop"),
        ("postgresql://host", "postgresql://host/postgres"),
        ("postgresql://ada@host", "postgresql://ada@host/ada"),
        ("postgresql+asyncpg://host/shop", "postgresql://host/shop"),
        ("postgres+psycopg2://host/shop?sslmode=require", "postgresql://host/shop?sslmode=require"),
    ],
)
def test_a_url_of_any_driver_of_postgresql_is_read(text: str, expected: str) -> None:
    assert parse_url(text).render() == expected


@pytest.mark.parametrize("text", ["postgresql://ada:swordfish@host:port/shop", "sqlite:///shop?password=swordfish"])
def test_a_url_that_cannot_be_read_is_told_without_its_password(text: str) -> None:
    with pytest.raises(CannotRun, match="Invalid server URL") as caught:
        parse_url(text)

    assert "swordfish" not in str(caught.value)


def test_the_server_says_where_it_is_and_what_it_is(own_server: Server) -> None:
    with open_server(text_of(own_server)) as given:
        assert (given.kind, given.version, given.fsync) == ("url", own_server.version, False)
        assert given.description.startswith(f"PostgreSQL {given.version} at postgresql://")


def test_a_project_is_given_the_url_as_it_is_with_another_database(own_server: Server) -> None:
    with open_server(text_of(own_server, query=(("application_name", "a shop"),))) as given:
        assert given.project_url("shop") == replace(given.url, database="shop")
        assert dict(given.project_url("shop").query) == {"application_name": "a shop"}


def test_a_role_that_does_not_exist_is_told(own_server: Server) -> None:
    told = refusal(text_of(own_server, user="nobody_here", password="swordfish"))  # noqa: S106 - no real one

    assert 'role "nobody_here" does not exist' in told.seen
    assert told.mend == "name a database and a role that exist on the server"
    assert "swordfish" not in str(told)


def test_a_role_that_may_not_make_databases_is_told(own_server: Server, clerk: str) -> None:
    told = refusal(text_of(own_server, user=clerk))

    assert told.what.endswith("may not create databases.")
    assert told.mend.startswith('ALTER ROLE "clerk" CREATEDB')


def test_a_database_may_be_read_by_a_role_that_may_not_make_any(own_server: Server, clerk: str) -> None:
    with connect_given(text_of(own_server, user=clerk)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("clerk",)


def test_a_standby_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = data_directory.prepare_data_directory

    def as_standby(binaries: Any, account: Any, data: Path) -> None:
        prepare(binaries, account, data)
        (data / "standby.signal").touch()

    monkeypatch.setattr(embedded, "prepare_data_directory", as_standby)
    monkeypatch.setattr(embedded, "_set_password", lambda _session: "")  # nothing can be set on a standby
    with open_server("embedded") as standby:
        told = refusal(text_of(standby))

    assert told.what.endswith("is a standby.")
