"""What was seen of the other ways to run a chain: where each ends, what it leaves behind, and which were not tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pgharness.catalog.facts import Snapshot
from pgharness.records.steps import Failure


@dataclass(frozen=True, slots=True)
class ModeRun:
    """One way to the heads, from the revision `start` (None: from an empty database): the catalog there, or at which `revision` it failed.

    `has_rows` says that the tables which stood at the start, or were made on the way, held rows.
    """

    snapshot: Snapshot | None
    revision: str | None = None
    failure: Failure | None = None
    start: str | None = None
    has_rows: bool = True


@dataclass(frozen=True, slots=True)
class TransactionsRun:
    """The chain deployed with env.py as it is but for `transaction_per_migration`, which is the opposite of what env.py says."""

    run: ModeRun
    per_migration: bool


@dataclass(frozen=True, slots=True)
class LeftSetting:
    """A setting that a revision left otherwise in its session than it had found it; as PostgreSQL prints it, and the line that set it."""

    revision: str
    name: str
    before: str
    after: str
    statement: str = ""
    line: int | None = None


class OtherRows(NamedTuple):
    """What a table holds otherwise: a `column`, or None for the number of rows, as digest or number on each side."""

    table: str
    column: str | None
    upgraded: str
    scripted: str


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """`alembic upgrade --sql` as psql runs it on an empty database.

    `refusal` is why no script can be written, at `revision`, or in env.py where that is None; `failure` why it does not run.
    `untried` says in words why it was not asked for, though env.py has an offline mode.
    """

    snapshot: Snapshot | None = None
    revision: str | None = None
    refusal: Failure | None = None
    failure: Failure | None = None
    untried: str = ""
    rows: tuple[OtherRows, ...] = ()
    """What the script's tables hold otherwise than those of two upgrades, which agree in it."""
    doubled: tuple[str | None, ...] = ()
    """The revisions whose percent signs Alembic has doubled, where that leads elsewhere or fails; the rest is as it is with single ones."""
    version_tables: tuple[str, ...] = ()
    """Where the script keeps the revision and where `alembic upgrade` does, if these are two."""


@dataclass(frozen=True, slots=True)
class OwnerRun:
    """The chain run by a role that is no superuser: what it was refused (SQLSTATE 42501), by revision; `untried` is why not all was tried."""

    refused: tuple[tuple[str, Failure], ...] = ()
    untried: str = ""


@dataclass(frozen=True, slots=True)
class OrderRun:
    """The chain's revisions in another order that its graph allows; `order` are those behind what all orders begin with."""

    order: tuple[str, ...]
    snapshot: Snapshot | None
    revision: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ModesRecord:
    """All ways that were tried.

    `apart` is each revision in a process of its own; where that ends otherwise than the heads, `apart_at` has the catalog after each.
    The first of `orders` is the chain's own. `left_out` says in words what the budget left out, `in_company` which revisions shared a process.
    """

    apart: ModeRun
    apart_at: Mapping[str, Snapshot] = field(default_factory=dict)
    starts: tuple[ModeRun, ...] = ()
    transactions: TransactionsRun | None = None
    left: tuple[LeftSetting, ...] = ()
    script: ScriptRun = field(default_factory=ScriptRun)
    owner: OwnerRun = field(default_factory=OwnerRun)
    orders: tuple[OrderRun, ...] = ()
    left_out: tuple[str, ...] = ()
    in_company: frozenset[str] = frozenset()
