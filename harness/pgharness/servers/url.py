"""Where a server is and who asks: a URL that libpq, SQLAlchemy and people read alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote

from psycopg.conninfo import make_conninfo
from typing_extensions import override

# As SQLAlchemy reads it, which finds a password that holds "/" or "?" where libpq does not; several hosts are libpq's.
_URL = re.compile(
    r"""
    postgres(?:ql)?(?:\+\w+)?://
    (?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?
    (?P<hosts>[^/?]*)
    (?:/(?P<database>[^?]*))?
    (?:\?(?P<query>.*))?
    """,
    re.VERBOSE | re.DOTALL,
)
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\[\],]+)\]|(?P<name>[^:\[\],]*))(?::(?P<port>[0-9]*))?")

# What may stand before the path as it is; every other host (a socket's folder, a list) goes into the query.
_PLAIN_HOST = re.compile(r"[A-Za-z0-9._-]+")
_IPV6_HOST = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")

# libpq's names of the parts that have a place of their own in a URL; in its query they win.
_PARTS = {"user": "user", "password": "password", "host": "host", "port": "port", "dbname": "database"}
_SECRETS = frozenset({"sslpassword", "oauth_client_secret"})
_HIDDEN = "***"


@dataclass(frozen=True, slots=True, repr=False)
class ServerUrl:
    """A server's address, a database of it and how to log in; what is empty is left to libpq's defaults.

    `host` is a name, an address, or the folder of a socket. As libpq allows, it may be a list with commas, and `port` then
    too. `query` holds libpq's other parameters, sorted. As text (`str`, `repr`) it shows no password.
    """

    user: str = ""
    password: str = ""
    host: str = ""
    port: str = ""
    database: str = ""
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL of libpq or of any driver in SQLAlchemy's way. Raises ValueError, which does not tell the password."""
        match = _URL.fullmatch(text)
        if match is None:
            raise ValueError("no URL of PostgreSQL")
        host, port = _read_hosts(match["hosts"])
        query = dict(parse_qsl(match["query"] or ""))
        parts = {
            "user": unquote(match["user"] or ""),
            "password": unquote(match["password"] or ""),
            "host": host,
            "port": port,
            "database": unquote(match["database"] or ""),
            **{part: query.pop(name) for name, part in _PARTS.items() if name in query},
        }
        url = cls(**parts, query=tuple(sorted(query.items())))
        if "\0" in "".join((*parts.values(), *query, *query.values())):
            raise ValueError("a URL holds no NUL")  # C would read it up to there
        return url

    def with_database(self, name: str) -> Self:
        """Return the URL of another database of the same server."""
        return replace(self, database=name)

    def conninfo(self) -> str:
        """Return libpq's connection string. Raises psycopg.ProgrammingError for a parameter that libpq does not know."""
        parts: dict[str, Any] = {name: getattr(self, part) for name, part in _PARTS.items()}
        return make_conninfo(**{**dict(self.query), **{name: value for name, value in parts.items() if value}})

    def render(self, driver: str = "", *, hide_password: bool = False) -> str:
        """Write the URL, for `driver` in SQLAlchemy's way (`postgresql+driver://`); libpq reads the one without."""
        name = f"postgresql+{driver}" if driver else "postgresql"
        path = f"/{_quoted(self.database)}" if self.database else ""
        host, port, query = self._network_location()
        pairs = [
            *query,
            *((name, _HIDDEN if hide_password and name in _SECRETS else value) for name, value in self.query),
        ]
        parameters = "&".join(f"{_quoted(name)}={quote(value, safe='/*')}" for name, value in pairs)
        return (
            f"{name}://{self._login(hide_password=hide_password)}{host}{port}{path}{'?' if pairs else ''}{parameters}"
        )

    @override
    def __str__(self) -> str:
        """Return the URL as text that may be printed: without any password."""
        return self.render(hide_password=True)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def _login(self, *, hide_password: bool) -> str:
        password = _HIDDEN if hide_password else _quoted(self.password)
        login = _quoted(self.user) + (f":{password}" if self.password else "")
        return f"{login}@" if login else ""

    def _network_location(self) -> tuple[str, str, list[tuple[str, str]]]:
        """Return host and port as they stand before the path, and the query for what cannot stand there."""
        query = []
        host, port = self.host, f":{self.port}" if self.port else ""
        if _IPV6_HOST.fullmatch(host):
            host = f"[{host}]"
        elif host and not _PLAIN_HOST.fullmatch(host):
            query.append(("host", host))
            host = ""
        if port and not self.port.isdecimal():
            query.append(("port", self.port))
            port = ""
        return host, port, query


def _read_hosts(text: str) -> tuple[str, str]:
    """Read `host:port,host:port` as a list of hosts and one of ports."""
    found = [_HOST.fullmatch(part) for part in text.split(",")]
    hosts = [unquote(match["ipv6"] or match["name"] or "") for match in found if match is not None]
    ports = [match["port"] or "" for match in found if match is not None]
    if len(hosts) < len(found):
        raise ValueError("no host with a port")
    return ",".join(hosts) if any(hosts) else "", ",".join(ports) if any(ports) else ""


def _quoted(text: str) -> str:
    return quote(text, safe="")
