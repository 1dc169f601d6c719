"""Runs a chain that has branches in the other orders that its graph allows."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.databases import Database
from pgharness.experiments.climbing import Climbed
from pgharness.experiments.experiment import Site
from pgharness.records.modes import OrderRun
from pgharness.records.revisions import Chain

Order = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders that were run, the chain's own first, and in words what the budget left out."""

    runs: tuple[OrderRun, ...]
    left_out: str = ""


def begin_of_orders(chain: Chain) -> Order | None:
    """Return the revisions with which every order begins; None where the chain has one order alone."""
    names = [item.revision for item in chain.revisions]
    above = {name: chain.ancestors(name) for name in names}
    for place, name in enumerate(names):
        if any(other not in above[name] and name not in above[other] for other in names):
            return tuple(names[:place])
    return None


def try_orders(site: Site, begin: Order, climbed: Climbed) -> Orders:
    """Run the chosen orders, each on a database of its own that stands where they part; they are compared with the chain's own."""
    chosen, left_out = choose_orders(site.project.chain, begin, site.settings.modes_budget)
    if begin and begin[-1] not in climbed.copies:
        return Orders((), "no order of the branches was tried, since the climb did not get to them")
    return Orders(
        tuple(_run(site, order, climbed.copies.get(begin[-1]) if begin else None) for order in chosen), left_out
    )


def choose_orders(chain: Chain, begin: Order, budget: int) -> tuple[list[Order], str]:
    """Return the chain's own order and others: all where the budget of revisions allows, else each branch first and then a sample."""
    own = tuple(item.revision for item in chain.revisions)[len(begin) :]
    most = max(2, budget // len(own))
    every = list(itertools.islice(_all_orders(chain, begin, own), most + 1))
    if len(every) <= most:
        return [own, *(order for order in every if order != own)], ""
    chance = random.Random(0)  # noqa: S311 - a sample, the same on each run
    sampled = (_shuffled(chain, begin, own, chance) for _ in range(4 * most))
    chosen = list(dict.fromkeys([own, *_each_branch_first(chain, own), *sampled]))[:most]
    return chosen, f"{len(chosen)} orders of the branches were tried of more; modes_budget = {budget * 4} tries more"


def _all_orders(chain: Chain, begun: Sequence[str], left: Sequence[str]) -> Iterator[Order]:
    """Yield every order in which each revision comes after those that it builds upon."""
    if not left:
        yield ()
    for name in _next(chain, begun, left):
        rest = [one for one in left if one != name]
        for order in _all_orders(chain, [*begun, name], rest):
            yield (name, *order)


def _next(chain: Chain, begun: Sequence[str], left: Sequence[str]) -> list[str]:
    return [one for one in left if chain.ancestors(one) - {one} <= set(begun)]


def _each_branch_first(chain: Chain, own: Order) -> Iterator[Order]:
    """Yield, for each revision that a merge joins and for each head, the order in which all before it comes first."""
    merged = [parent for item in chain.revisions for parent in item.down_revisions if item.is_merge]
    for last in (*merged, *chain.heads):
        first = chain.ancestors(last)
        yield (*(one for one in own if one in first), *(one for one in own if one not in first))


def _shuffled(chain: Chain, begin: Order, own: Order, chance: random.Random) -> Order:
    begun, left = list(begin), list(own)
    while left:
        name = chance.choice(_next(chain, begun, left))
        begun.append(name)
        left.remove(name)
    return tuple(begun[len(begin) :])


def _run(site: Site, order: Order, at_begin: Database | None) -> OrderRun:
    with _database(site, at_begin) as database:
        with converse(site.project, database) as conversation:
            steps = conversation.steps([(name, UP) for name in order], apart=True)
            for step, name in zip(steps, order, strict=False):  # a failure ends the steps
                if step.failure is not None:
                    return OrderRun(order, None, name, step.failure)
            version_table = conversation.version_table
        with database.connect() as observer:
            return OrderRun(order, site.in_words_of_head(take_snapshot(observer, leave_out=(version_table,))))


@contextlib.contextmanager
def _database(site: Site, at_begin: Database | None) -> Iterator[Database]:
    """Yield a copy of the database at which the orders part, or an empty one where they part at the base."""
    with contextlib.ExitStack() as stack:
        if at_begin is None:
            database = stack.enter_context(site.databases.experiment("order"))
            run_baseline(database, site.settings)
        else:
            database = site.databases.clone(at_begin)
            stack.callback(site.databases.drop, database)
        yield database
