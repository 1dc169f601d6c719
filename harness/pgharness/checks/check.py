"""What a check is: a claim, why it matters, how to mend what breaks it, and the pure function that judges a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import Snapshot
from pgharness.findings import Finding, Harm, Minor, Note, Repeated, Together
from pgharness.kinds import Kind
from pgharness.records.chain_record import ChainRecord

Compare = Callable[[Snapshot, Snapshot], tuple[Difference, ...]]
"""Gives what differs between the left and the right, without what the user's ignore rules leave out."""

Judge = Callable[[ChainRecord, Compare], Iterable[Finding | Note | Minor | Repeated | Together]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is claimed of a chain, the reason why it matters, and the mend. Without `needs_walk`, reading the files tells.

    `kinds` are the kinds of findings of a check that is not pgharness's own; those of ours stand in `kinds.toml`. `harm` is what somebody
    suffers where it does not hold, by which the report puts findings in order.
    """

    name: str
    claim: str
    reason: str
    mend: str
    needs_walk: bool = True
    kinds: tuple[Kind, ...] = ()
    harm: Harm = Harm.DIFFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Claim):
    """A claim with its judge: a pure function that gets the record, and `compare` for the snapshots in it.

    `compare` is handed in so that a judge knows nothing of ignore rules, and so that the rules that it used can be told from the
    others without comparing anything twice (`judging.ignore_rules.Comparer`). Only a check that `compares` may call it. It compares
    all that can be compared, also where it then tells less: a rule that meets nothing is told as unused.

    `needs` names the experiments (fields of the record) without which it can only be skipped. `uses` names those that it judges too
    where they were made. `skip_reason` says, where needed ones are missing, what would have to be given. An `only_at_heads` check
    says nothing of a chain that does not get there. One that is `opt_in` is asked for by giving what it needs, so that nobody misses it.
    One `of_today` compares the heads with what models and files say today, whatever is deployed: `since` leaves nothing of it out.
    With `since`, an `only_of_standing` check tells nothing of relations that came after that revision: they come with the same
    deployment, and nobody uses them yet.
    `tried` tells of which revisions the claim was tried, where that is not all that were reached. `lack` says what of the claim could not be
    looked at, with what to type; empty where all was: what is lacking counts as not checked, whatever else was found. `whole` tells whether
    all was tried that is claimed of the chain as a whole; what a setting has left out of it does not count as not checked, and has no ✓.
    What one `of_what_comes` finds goes by which revisions are still to be deployed.
    One that `tells_untried` names in notes of its own the revisions that it has not tried, and why.
    """

    judge: Judge
    compares: bool = False
    needs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    skip_reason: str = ""
    only_at_heads: bool = False
    opt_in: bool = False
    only_of_standing: bool = False
    of_today: bool = False
    of_what_comes: bool = False
    tried: Callable[[ChainRecord], frozenset[str]] | None = None
    lack: Callable[[ChainRecord], str] | None = None
    whole: Callable[[ChainRecord], bool] | None = None
    tells_untried: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be told as a fault of somebody else much later. Raises TypeError."""
        for name in ("name", "claim", "reason", "mend", "skip_reason"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"Check({name}=…) has to be a text, and is {getattr(self, name)!r}")
        for name in ("needs", "uses"):
            if not isinstance(getattr(self, name), frozenset | set):
                raise TypeError(f"Check({name}=…) has to be a set of names, and is {getattr(self, name)!r}")
        if not callable(self.judge):
            raise TypeError(f"Check(judge=…) has to be a function, and is {self.judge!r}")
