"""No value of a row leaves the layer: not in the error, not in what caused it, not in a log or a traceback."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import AppError, Database, User, Workflow, WorkflowRun
from flowforge_schema.errors.withholding import withhold_values

SECRET = "s3cret-value"  # noqa: S105 - what must not be seen
TOO_LATE = "123456"


async def a_taken_value(session: AsyncSession, user: User) -> None:
    session.add(User(email=user.email.upper()))
    await session.flush()


async def a_value_that_breaks_a_check(session: AsyncSession, _user: User) -> None:
    session.add(User(email=SECRET))
    await session.flush()


async def a_row_without_a_needed_value(session: AsyncSession, _user: User) -> None:
    session.add(User(display_name=SECRET))
    await session.flush()


async def a_missing_parent(session: AsyncSession, _user: User) -> None:
    session.add(Workflow(owner_id=UUID(int=1), name=SECRET, description=SECRET))
    await session.flush()


async def a_malformed_value(session: AsyncSession, _user: User) -> None:
    await session.execute(text("SELECT CAST(:value AS int)"), {"value": SECRET})


async def a_value_with_a_nul(session: AsyncSession, _user: User) -> None:
    session.add(User(email=f"{SECRET}\0"))
    await session.flush()


async def a_value_with_a_lone_surrogate(session: AsyncSession, _user: User) -> None:
    session.add(User(email=f"{SECRET}\ud800"))
    await session.flush()


async def a_value_that_no_enum_has(session: AsyncSession, user: User) -> None:
    workflow = Workflow(owner_id=user.id, name="report")
    session.add(workflow)
    await session.flush()
    session.add(WorkflowRun(workflow_id=workflow.id, workflow_version=1, status=SECRET))
    await session.flush()


async def a_value_that_the_column_type_refuses(session: AsyncSession, _user: User) -> None:
    await session.execute(select(User).where(User.id == SECRET))


async def a_value_in_an_exception_of_the_server(session: AsyncSession, _user: User) -> None:
    await session.execute(text("DO $$ BEGIN RAISE EXCEPTION '%', (SELECT max(email) FROM users); END $$"))


async def a_value_that_python_cannot_hold(session: AsyncSession, _user: User) -> None:
    await session.scalar(text("SELECT CAST(:number || '-07-08' AS timestamptz)"), {"number": TOO_LATE})


async def a_parameter_of_a_statement_that_fails(session: AsyncSession, _user: User) -> None:
    await session.execute(text("SELECT * FROM no_such_table WHERE name = :name"), {"name": SECRET})


async def a_row_of_a_deferred_constraint(session: AsyncSession, _user: User) -> None:
    await session.execute(text("CREATE TABLE deferred (name text UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    await session.execute(text("INSERT INTO deferred VALUES (:name), (:name)"), {"name": SECRET})
    await session.commit()


FAILURES = [
    a_taken_value,
    a_value_that_breaks_a_check,
    a_row_without_a_needed_value,
    a_missing_parent,
    a_malformed_value,
    a_value_with_a_nul,
    a_value_with_a_lone_surrogate,
    a_value_that_no_enum_has,
    a_value_that_the_column_type_refuses,
    a_value_in_an_exception_of_the_server,
    a_value_that_python_cannot_hold,
    a_parameter_of_a_statement_that_fails,
    a_row_of_a_deferred_constraint,
]


@pytest.fixture(autouse=True)
def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Before the engine is made, because it looks at the level once.

    SQLAlchemy's own logger does not follow the root's. At DEBUG it shows the rows that are read, whatever is hidden.
    """
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="sqlalchemy")


@pytest.fixture
async def user(database: Database) -> User:
    async with database.session() as session:
        user = User(email=f"{SECRET}@example.org")
        session.add(user)
    return user


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def texts(error: AppError) -> Iterator[str]:
    for link in chain(error):
        yield from (str(link), repr(link), repr(link.args), repr(getattr(link, "__notes__", [])))
    yield "".join(traceback.format_exception(error))


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
async def test_a_failure_shows_no_value(
    database: Database, user: User, fail: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AppError) as raised:
        async with database.session() as session:
            await fail(session, user)

    seen = [seen for seen in (*texts(raised.value), caplog.text) if SECRET in seen.lower() or TOO_LATE in seen]
    assert seen == []


async def test_a_statement_is_logged_without_its_values(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT CAST(:value AS text)"), {"value": SECRET})

    assert "SELECT CAST(" in caplog.text  # else the log was not on
    assert SECRET not in caplog.text


def test_an_encoding_error_keeps_no_text_for_a_tracker_to_send() -> None:
    with pytest.raises(UnicodeEncodeError) as raised:
        f"{SECRET}\ud800".encode()
    withhold_values(raised.value)

    assert SECRET not in f"{raised.value.object}{raised.value.args}"
