"""A failure is told in the server's words, whatever a library of the project has put around them."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from pgharness.agent.failures import describe


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
