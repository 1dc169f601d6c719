"""A failure is told in the server's words, whatever a library of the project has put around them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError

from pgharness.agent.failures import describe
from pgharness.running import Run
from tests.harness.chains import Revision, table


class WrappedError(Exception):
    """An error as oslo.db and others make of the driver's."""


class WithStateError(Exception):
    """An error as drivers raise it."""

    sqlstate = "42P01"


@pytest.mark.parametrize("is_raised_from", ["SQLAlchemy's error", "the driver's error"])
def test_an_error_that_a_library_has_wrapped_is_told_as_postgresqls(is_raised_from: str) -> None:
    drivers = WithStateError('relation "customer" does not exist')
    wrapped = WrappedError(f"(driver) {drivers}\n[SQL: SELECT]")
    wrapped.__cause__ = drivers if is_raised_from == "the driver's error" else DBAPIError("SELECT", None, drivers)

    told = describe(wrapped, "SELECT")

    assert (told["error"], told["sqlstate"], told["message"]) == ("WithStateError", "42P01", str(drivers))
    assert told["statement"] == "SELECT"


def test_an_error_of_the_projects_own_keeps_its_words_though_it_comes_of_the_servers() -> None:
    error = RuntimeError("there is no customer 7")
    error.__cause__ = WithStateError('relation "customer" does not exist')

    assert describe(error)["message"] == "there is no customer 7"


def test_a_program_that_leaves_without_a_word_fails_by_what_it_caught() -> None:
    drivers = WithStateError('relation "customer" does not exist')
    left = SystemExit(1)
    left.__context__ = DBAPIError("SELECT", None, drivers)

    told = describe(left, "ROLLBACK")

    assert (told["sqlstate"], told["message"], told["statement"]) == ("42P01", str(drivers), "SELECT")
    assert describe(SystemExit("there is no customer 7"))["message"] == "there is no customer 7"
    assert describe(SystemExit(1))["error"] == "SystemExit"


def test_duplicates_on_which_a_program_leaves_are_told_as_duplicates(judge_chain: Callable[..., Run]) -> None:
    unique = "op.create_unique_constraint('book_isbn_key', 'book', ['isbn'])"
    leaves = Revision(
        "leaves",
        f"try:\n    {unique}\nexcept sa.exc.IntegrityError:\n    raise SystemExit(1)",
        "op.drop_constraint('book_isbn_key', 'book')",
    )

    run = judge_chain(table("book", "id bigint PRIMARY KEY, isbn text"), leaves)

    (finding,) = run.report.findings
    assert finding.code == "PGH-U002"
    assert "where two rows share isbn" in finding.message
    assert "GROUP BY isbn HAVING count(*) > 1" in finding.mend
