"""E-mail addresses that are no longer allowed are mended by the chain, and those that would become one are refused by their ids."""

from __future__ import annotations

import pytest
from psycopg.errors import CheckViolation

from flowforge_schema import migrate
from flowforge_schema.errors import AppError
from pgharness.databases import Database

BEFORE = "0008_validate_timestamps"
LIMITED = "0009_limit_emails"
MENDED = "0010_mend_emails"
IDS = tuple(f"00000000-0000-7000-8000-00000000000{number}" for number in range(1, 4))
PERSONAL = "andr"


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Give a database before the limits."""
    migrate.upgrade(empty_database.url, BEFORE)
    return empty_database


def add(database: Database, *emails: str) -> None:
    with database.connect() as connection:
        for user_id, email in zip(IDS, emails, strict=False):
            connection.execute(
                "INSERT INTO users (id, email, email_verified_at) VALUES (%s, %s, '2026-01-01')", [user_id, email]
            )


def users(database: Database) -> list[tuple[str, bool]]:
    with database.connect() as connection:
        return connection.execute("SELECT email, email_verified_at IS NOT NULL FROM users ORDER BY id").fetchall()


MENDS = {
    "blanks around it are taken off": ("\u3000ada@example.org\n", "ada@example.org", True),
    "it is composed": ("andre\u0301@example.org", "andr\u00e9@example.org", True),
    "a sound one stays": ("Ada@Example.org", "Ada@Example.org", True),
    "no @": ("ada lovelace", f"ada_lovelace-{IDS[0]}@address.invalid", False),
    "two @": ("ada@home@example.org", f"ada_home_example.org-{IDS[0]}@address.invalid", False),
    "a control character inside": ("a\u0001da@example.org", "a_da@example.org", False),
    "nothing but blanks": ("\n\t\r", f"-{IDS[0]}@address.invalid", False),
    "as long as can be": ("x" * 320, f"{'x' * 200}-{IDS[0]}@address.invalid", False),
}


@pytest.mark.parametrize(("stored", "mended", "is_verified"), MENDS.values(), ids=MENDS)
def test_an_address_is_mended_and_known_as_verified_only_where_it_is_the_same(
    database: Database, stored: str, mended: str, *, is_verified: bool
) -> None:
    add(database, stored)
    migrate.upgrade(database.url)

    assert users(database) == [(mended, is_verified)]


def test_users_whose_addresses_would_become_one_are_refused_by_their_ids_and_not_by_their_addresses(
    database: Database,
) -> None:
    add(database, "andr\u00e9@example.org", "Andre\u0301@example.org", "ada@example.org")
    with pytest.raises(AppError) as raised:
        migrate.upgrade(database.url)

    told = "".join(str(error) for error in (raised.value, raised.value.__cause__))
    assert (IDS[0] in told, IDS[1] in told, IDS[2] in told, PERSONAL in told) == (True, True, False, False)


def test_after_one_of_them_is_changed_the_upgrade_goes_on(database: Database) -> None:
    add(database, "andr\u00e9@example.org", "Andre\u0301@example.org")
    with pytest.raises(AppError):
        migrate.upgrade(database.url)
    with database.connect() as connection:
        connection.execute("UPDATE users SET email = 'other@example.org' WHERE id = %s", [IDS[1]])

    migrate.upgrade(database.url)
    assert users(database)[1] == ("other@example.org", True)


def test_new_addresses_are_limited_before_the_old_ones_are_mended(database: Database) -> None:
    migrate.upgrade(database.url, LIMITED)

    with pytest.raises(CheckViolation, match="ck_users__email_has_one_at"):
        add(database, "ada")


def test_mending_that_was_stopped_halfway_can_be_run_again(database: Database) -> None:
    add(database, "ada", "grace@example.org")
    migrate.upgrade(database.url, MENDED)
    with database.connect() as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{LIMITED}'")

    assert migrate.upgrade(database.url).pending == ()


def test_an_index_that_was_left_invalid_is_built_anew(database: Database) -> None:
    migrate.upgrade(database.url, "0011_validate_emails")
    with database.connect() as connection:
        connection.execute("CREATE INDEX uq_users__casefold_email ON users (email)")
        connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_users__casefold_email'::regclass"
        )

    migrate.upgrade(database.url)
    with database.connect() as connection:
        row = connection.execute(
            "SELECT indisvalid, indisunique FROM pg_index WHERE indexrelid = 'uq_users__casefold_email'::regclass"
        ).fetchone()
    assert row == (True, True)
