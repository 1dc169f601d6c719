"""A server's URL is read as SQLAlchemy and libpq read it, and both read back what it is written as."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pgharness.servers.url import ServerUrl

# Any text but what UTF-8 cannot hold, and NUL, at which C would stop.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,6}(\.[a-z]{2,3})?", fullmatch=True)
FOLDERS = st.builds("/{}".format, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0,:")))
HOSTS = st.one_of(st.just(""), NAMES, st.ip_addresses().map(str), FOLDERS)
PORTS = st.integers(1, 65535).map(str)
QUERIES = st.dictionaries(
    st.sampled_from(["application_name", "options", "sslmode", "target_session_attrs"]), TEXTS.filter(bool), max_size=2
)
SINGLE = st.tuples(HOSTS, st.just("") | PORTS)
SEVERAL = st.lists(st.tuples(NAMES, PORTS), min_size=2, max_size=3).map(
    lambda pairs: (",".join(host for host, _ in pairs), ",".join(port for _, port in pairs))
)
URLS = st.builds(
    lambda place, query, **parts: ServerUrl(host=place[0], port=place[1], query=tuple(sorted(query.items())), **parts),
    place=SINGLE | SEVERAL,
    query=QUERIES,
    user=TEXTS,
    password=TEXTS,
    database=TEXTS,
)

UNHURRIED = settings(deadline=None)  # on a busy machine any example may be slow

# What URLs are made of, in any order.
PIECES = st.lists(
    st.sampled_from(
        [*"ab1:@/?&=.,-[] %", "%41", "%3a", "%2F", "%40", "host", "5432", "host=", "port=", "user=", "::1"]
    ),
    max_size=14,
).map("".join)


def by_sqlalchemy(text: str) -> dict[str, str]:
    """Return what SQLAlchemy hands to psycopg."""
    _, options = PGDialect_psycopg().create_connect_args(make_url(text))
    return {name: str(value) for name, value in options.items() if name != "context" and value not in ("", None)}


def by_libpq(text: str) -> dict[str, str]:
    """Return what libpq reads in a URL or connection string; a list of no ports is none."""
    read: dict[str, Any] = conninfo_to_dict(text)
    return {name: str(value) for name, value in read.items() if value and (name, value.strip(",")) != ("port", "")}


@given(URLS)
@UNHURRIED
@example(ServerUrl("ada", "p@ss:w/ord%", "/run/my sockets", "5433", "a shop?", (("options", "-c a=b"),)))
def test_what_is_written_is_read_back(url: ServerUrl) -> None:
    for driver in ("", "psycopg", "asyncpg"):
        assert ServerUrl.parse(url.render(driver)) == url


@given(URLS)
@UNHURRIED
def test_sqlalchemy_connects_where_libpq_does(url: ServerUrl) -> None:
    assert by_sqlalchemy(url.render("psycopg")) == by_libpq(url.conninfo())


@given(URLS)
@UNHURRIED
def test_libpq_reads_the_url_as_its_own_connection_string(url: ServerUrl) -> None:
    assert by_libpq(url.render()) == by_libpq(url.conninfo())


@given(PIECES)
@UNHURRIED
@example("ada:sword/fish@host/shop")
@example("ada%40shop.org:p%@host:5432/a%20shop?sslmode=require&options=-c+a=b")
@example("/shop?host=/run/sockets&port=5433")
@example("host/shop?host=a,b&port=1,2")
def test_a_url_is_read_as_sqlalchemy_reads_it(text: str) -> None:
    try:
        expected = make_url(f"postgresql://{text}")
        ours = ServerUrl.parse(f"postgresql+psycopg2://{text}")
    except (ArgumentError, ValueError):  # we are stricter: SQLAlchemy ignores what follows an address in brackets
        assume(False)
        return
    query = {name: value if isinstance(value, str) else value[-1] for name, value in expected.query.items()}
    read = {
        "user": query.pop("user", expected.username or ""),
        "host": query.pop("host", (expected.host or "").replace("%2F", "/").replace("%41", "A")),
        "port": query.pop("port", str(expected.port or "")),
        "database": expected.database or "",
        "password": str(expected.password or ""),
    }
    assume("%" not in str(expected.host) and "," not in str(expected.host))  # libpq's, not SQLAlchemy's

    assert {name: getattr(ours, name) for name in read} == read
    assert dict(ours.query) == query


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://",
        "postgresql://ada@/shop?host=/run/sockets",
        "postgresql://ada:pw@[::1]:5433/shop?connect_timeout=3",
        "postgres://one:1,two:2/shop?target_session_attrs=read-write",
        "postgresql://one,two:2/shop",
        "postgresql://%2Frun%2Fsockets/shop",
        "postgresql://host/shop?user=ada&password=pw&dbname=other&port=7&host=elsewhere",
        "postgresql://host/shop?host=one,two&port=1,2",
    ],
)
def test_a_url_of_libpq_is_read_as_libpq_reads_it(text: str) -> None:
    assert by_libpq(ServerUrl.parse(text).conninfo()) == by_libpq(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sqlite:///shop",
        "mysql://host/shop",
        "host=/run/sockets",
        "postgresql:host",
        "postgresql://host:port/shop",
        "postgresql://[::1/shop",
        "postgresql://host/sh%00op",
        "xpostgresql://host/shop",
    ],
)
def test_what_is_no_url_of_postgresql_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"URL|port"):
        ServerUrl.parse(text)


def test_a_parameter_that_libpq_does_not_know_is_told_when_it_is_used() -> None:
    url = ServerUrl.parse("postgresql://host/shop?no_such=thing")

    assert url.render() == "postgresql://host/shop?no_such=thing"
    with pytest.raises(ProgrammingError, match="no_such"):
        url.conninfo()


def test_no_password_is_shown() -> None:
    url = ServerUrl.parse("postgresql://ada:swordfish@host/shop?sslpassword=swordfish")

    assert str(url) == "postgresql://ada:***@host/shop?sslpassword=***"
    assert "swordfish" not in repr(url)
    assert "swordfish" not in str(ServerUrl.parse("postgresql://ada@host/shop?password=swordfish"))


def test_the_folder_of_a_socket_can_be_read_in_the_url() -> None:
    url = ServerUrl("ada", host="/run/sockets", port="5433", database="shop")

    assert url.render("psycopg") == "postgresql+psycopg://ada@:5433/shop?host=/run/sockets"


def test_another_database_leaves_all_else() -> None:
    url = ServerUrl.parse("postgresql://ada:pw@host/shop?sslmode=require")

    assert url.with_database("a shop").render() == "postgresql://ada:pw@host/a%20shop?sslmode=require"
