"""The chain as it is written: its revision files, read without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file, read without a database.

    `label` is the file's name without `.py`, which people know it by. `allow` and `irreversible` are what the revision
    declares, `allow_problem` is what is wrong with an `allow` that cannot be read. `names` are those that the file gives a
    string ("str") or a dict of strings ("dict"), among which a misspelt declaration shows. `upgrade_line` and `downgrade_line` are
    the lines of the file on which the functions begin, 1 where it has none of its own.
    """

    revision: str
    label: str
    path: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    has_upgrade: bool = True
    has_downgrade: bool = True
    irreversible: str | None = None
    allow: Mapping[str, str] = field(default_factory=dict)
    allow_problem: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    upgrade_line: int = 1
    downgrade_line: int = 1
    is_idle_on_purpose: bool = False
    """Whether it does nothing, up and down, and its docstring says more than its title."""
    after_deploy: str | None = None
    """Why no release before it runs any more when it is run; None where one may."""
    before_deploy: str | None = None
    """Why it is run while the release before still runs, as one is that declares nothing."""
    create_all_line: int = 0
    """The line on which it calls create_all(); 0 where it does not."""
    unsaid_days: tuple[str, ...] = ()
    """The days, by the clock of the project's place and by that of UTC, on which it was read, as far as its code names none of them."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """The modules that fixes use (`sqlalchemy`, `alembic.op`, …), by the names that the file has for them."""

    @property
    def is_merge(self) -> bool:
        """Whether it joins several branches, and so needs no body."""
        return len(self.down_revisions) > 1


@dataclass(frozen=True, slots=True)
class Chain:
    """The revisions in the order in which an upgrade runs them.

    Where they are `chosen`, they are those that lead to some heads, and `left_out` are the other heads.
    """

    revisions: tuple[Revision, ...]
    heads: tuple[str, ...]
    bases: tuple[str, ...]
    chosen: bool = False
    left_out: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """What an upgrade has to name to run these revisions and no others; empty where that is all there are."""
        return self.heads if self.left_out else ()

    @property
    def histories(self) -> tuple[tuple[str, ...], ...]:
        """The heads of each history: those that share a revision, be it by `depends_on`, are of one."""
        found: list[tuple[tuple[str, ...], frozenset[str]]] = []
        for head in self.heads:
            mine: tuple[str, ...] = (head,)
            revisions = self.ancestors(head)
            for other in [one for one in found if not one[1].isdisjoint(revisions)]:
                found.remove(other)
                mine, revisions = (*other[0], *mine), revisions | other[1]
            found.append((mine, revisions))
        return tuple(heads for heads, _ in found)

    def ancestors(self, revision: str) -> frozenset[str]:
        """Return the revision and all that an upgrade to it runs."""
        by_id = {item.revision: item for item in self.revisions}
        found: set[str] = set()
        pending = [revision]
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending.extend(by_id[current].down_revisions + by_id[current].depends_on)
        return frozenset(found)
