"""What may look at the database while revisions run; it is called while the agent waits."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from pgharness.records.statements import Statement
from pgharness.records.steps import Step

Moment = Literal["before_statement", "after_statement", "after_commit"]


class Watch(Protocol):
    """One observer. The agent waits only at the moments that somebody `wants`, and after each step in any case.

    `ask` runs a query on the migration's own session and gives the rows as text; it is good only until the call returns.
    """

    wants: frozenset[Moment]

    def before_statement(self, statement: Statement, ask: Ask) -> None:
        """See the database before a statement is sent."""

    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """See it after a statement."""

    def after_commit(self, ask: Ask) -> None:
        """See it after a transaction of the migration was committed."""

    def after_step(self, step: Step, ask: Ask) -> None:
        """See it after a revision was run up or down."""


@runtime_checkable
class Preparing(Protocol):
    """A watch that has to ask the session something before the first step is run, when no transaction is open."""

    def before_steps(self, ask: Ask) -> None:
        """Ask it."""


class Ask(Protocol):
    """Asks the migration's own session; `said` is what the server remarked while the last statement ran, one remark a text."""

    @property
    def said(self) -> tuple[str, ...]:
        """`NOTICE: …`, `WARNING: …`, and where the session has asked for them, `DEBUG: …`."""

    def __call__(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run a query there. Raises QueryRefused; the transaction has failed then, if it had not before."""


class QueryRefused(Exception):  # noqa: N818 - an answer, and no error of the code
    """The server refuses what the migration's session was asked, as it does in a transaction that has failed."""
