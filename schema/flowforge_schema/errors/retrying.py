"""Runs a whole unit of work again when it lost against another one, or when there was no connection."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from flowforge_schema.errors.tree import AppError, CommitUnknownError, ConfigurationError, PoolExhaustedError

logger = logging.getLogger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def retry_transient(
    *,
    attempts: int = 4,
    give_up_after_s: float | None = None,
    first_wait_s: float = 0.05,
    longest_wait_s: float = 2.0,
    may_run_twice: bool = False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Callable[[Callable[Parameters, Awaitable[Result]]], Callable[Parameters, Awaitable[Result]]]:
    """Decorate a coroutine function that opens its own session, so that it runs again after a retryable AppError.

    At most `attempts` times in all, with a random wait that doubles its bound from `first_wait_s` to `longest_wait_s`; the
    last error is raised as it is. To bridge an outage, name `give_up_after_s` instead: as often as it takes, until that long
    after the first try. An exhausted pool is not tried again, which would lengthen its queue. A CommitUnknownError is where the function
    `may_run_twice`: what it has stored already it does not store again, as `start_run` with its key. What the function does besides
    the database happens once for each attempt. A function that is given a session is refused (ConfigurationError): after a failure that
    session is of no use.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(functools.partial(_is_retryable, may_run_twice=may_run_twice)),
        stop=stop_after_attempt(attempts) if give_up_after_s is None else stop_before_delay(give_up_after_s),
        wait=wait_random_exponential(multiplier=first_wait_s, max=longest_wait_s),
        sleep=sleep,
        before_sleep=_log_attempt,
        reraise=True,
    )

    def decorate(work: Callable[Parameters, Awaitable[Result]]) -> Callable[Parameters, Awaitable[Result]]:
        @functools.wraps(work)
        async def run(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
            if any(isinstance(value, AsyncSession) for value in (*arguments, *keywords.values())):
                raise ConfigurationError(
                    f"{work.__qualname__} cannot be run again: it is given a session, which a failure leaves useless.\n"
                    "  fix: give it the Database, and open the session inside: `async with database.session() as session:`"
                )
            return await retrying(work, *arguments, **keywords)

        return run

    return decorate


def _is_retryable(error: BaseException, *, may_run_twice: bool) -> bool:
    if isinstance(error, CommitUnknownError):
        return may_run_twice
    return isinstance(error, AppError) and error.retryable and not isinstance(error, PoolExhaustedError)


def _log_attempt(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    code = error.code if isinstance(error, AppError) else "unknown"
    logger.info("attempt %d failed: %s; the next one follows", state.attempt_number, code)
