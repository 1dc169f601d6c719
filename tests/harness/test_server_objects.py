"""A chain's texts tell whether it makes what belongs to the whole server; what they say to MySQL is no such thing."""

from __future__ import annotations

import pytest

from pgharness.chain.server_objects import says_of_server


@pytest.mark.parametrize(
    "code",
    [
        "op.execute('CREATE ROLE reader')",
        "op.execute('ALTER DATABASE shop SET timezone TO utc')",
        "op.execute(f'DROP DATABASE {name}')",
        "op.execute(f'ALTER DATABASE {name} OWNER TO shop')",
        "op.execute(f'CREATE USER {name}')",
    ],
)
def test_what_belongs_to_the_server_is_seen(code: str) -> None:
    assert says_of_server(code)


@pytest.mark.parametrize(
    "code",
    [
        "op.execute('ALTER DATABASE %s DEFAULT CHARACTER SET utf8' % name)",
        "op.execute(f'ALTER DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin')",
        "op.execute(f'ALTER DATABASE {name} COLLATE utf8mb4_bin')",
        "'''Create user tables.'''",
    ],
)
def test_what_is_said_to_mysql_is_not(code: str) -> None:
    assert not says_of_server(code)
