"""The two sides of a pair as revisions."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.databases import Databases
from tests.harness.chains import Revision, sql
from tests.harness.hazards.base import ALONE
from tests.harness.hazards.catalogue import Case, Side


def major_of(databases: Databases) -> int:
    """Return the major version of their server."""
    return databases.server.version_number // 10000


def sides(case: Case) -> Iterator[tuple[str, Side]]:
    """Yield the sides of a case, each with the beginning of its revisions' names."""
    yield f"{case.number}_bad", case.bad
    yield f"{case.number}_good", case.good


def transactions(name: str, side: Side) -> Iterator[Revision]:
    """Yield a revision for each transaction of a side."""
    for number, statements in enumerate(side.transactions, 1):
        yield Revision(f"{name}_{number}", "\n".join(map(code, statements)))


def code(statement: str) -> str:
    """Return the code that sends a statement in the revision's transaction, or by itself."""
    if not statement.startswith(ALONE):
        return sql(statement)
    return f"with op.get_context().autocommit_block():\n    {sql(statement.removeprefix(ALONE))}"
