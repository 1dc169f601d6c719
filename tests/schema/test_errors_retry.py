from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import (
    AppError,
    ConfigurationError,
    ConflictError,
    Database,
    DatabaseUnavailableError,
    DeadlockError,
    PoolExhaustedError,
    retry_transient,
)


class Attempts:
    """A unit of work that fails with each of the given errors, then gives its number."""

    def __init__(self, *errors: type[AppError]) -> None:
        self.errors = list(errors)
        self.count = 0

    async def run(self) -> int:
        """Fail, or give the number of this attempt."""
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.count


class Waits(list[float]):
    """The waits between attempts, written down instead of slept."""

    async def sleep(self, wait_s: float) -> None:
        """Write the wait down."""
        self.append(wait_s)


async def test_a_unit_of_work_that_lost_against_another_is_run_again() -> None:
    attempts = Attempts(DeadlockError, DeadlockError)

    assert await retry_transient(sleep=Waits().sleep)(attempts.run)() == 3


async def test_the_last_error_is_raised_as_it_is() -> None:
    attempts = Attempts(*[DeadlockError] * 5)

    with pytest.raises(DeadlockError):
        await retry_transient(attempts=3, sleep=Waits().sleep)(attempts.run)()

    assert attempts.count == 3


@pytest.mark.parametrize("error", [ConflictError, PoolExhaustedError])
async def test_an_error_that_the_next_attempt_would_meet_again_is_raised_at_once(error: type[AppError]) -> None:
    attempts = Attempts(error)

    with pytest.raises(error):
        await retry_transient(sleep=Waits().sleep)(attempts.run)()

    assert attempts.count == 1


async def test_an_error_of_another_kind_is_raised_at_once() -> None:
    async def divide() -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        await retry_transient(sleep=Waits().sleep)(divide)()


async def test_the_waits_stay_below_a_bound_that_doubles() -> None:
    attempts, waits = Attempts(*[DeadlockError] * 5), Waits()

    await retry_transient(attempts=6, first_wait_s=0.1, longest_wait_s=0.4, sleep=waits.sleep)(attempts.run)()

    bounds = [0.1, 0.2, 0.4, 0.4, 0.4]
    assert all(wait_s <= bound for wait_s, bound in zip(waits, bounds, strict=True))


async def test_an_outage_is_bridged_for_as_long_as_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    attempts = Attempts(*[DatabaseUnavailableError] * 1000)

    async def sleep(wait_s: float) -> None:
        now[0] += wait_s

    with pytest.raises(DatabaseUnavailableError):
        await retry_transient(give_up_after_s=30, sleep=sleep)(attempts.run)()

    assert 27 < now[0] <= 30
    assert attempts.count > 20


async def test_a_session_given_by_its_name_is_refused_too(session: AsyncSession) -> None:
    @retry_transient()
    async def work(*, session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    with pytest.raises(ConfigurationError, match="give it the Database"):
        await work(session=session)


async def test_a_function_that_is_given_a_session_is_refused(session: AsyncSession) -> None:
    @retry_transient()
    async def work(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    with pytest.raises(ConfigurationError, match="give it the Database"):
        await work(session)


async def test_a_connection_that_the_server_ends_is_replaced_by_the_next_attempt(database: Database) -> None:
    backends: list[int] = []

    @retry_transient(sleep=Waits().sleep)
    async def work() -> int:
        async with database.session() as session:
            backends.append(await session.scalar(text("SELECT pg_backend_pid()")) or 0)
            if len(backends) == 1:
                await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            return len(set(backends))

    assert await work() == 2
