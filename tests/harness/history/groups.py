"""All pairs in groups, by what tells them, with how the chain of a group is judged; docs/history.md lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.harness.chains import ENV
from tests.harness.history import compat_pairs, crash_pairs, data_pairs, locks_pairs, modes_pairs, notices_pairs
from tests.harness.history.pairs import Pair, Whole


@dataclass(frozen=True, kw_only=True)
class Group:
    """Faults of one kind: `pairs` stand in one chain, each of `wholes` in one of its own; `options` are settings of the run of the first."""

    name: str
    check: str
    pairs: tuple[Pair, ...] = ()
    wholes: tuple[Whole, ...] = ()
    env: str = ENV
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what goes wrong, in words, in the order of the page."""
        return (*(one.fails for one in self.pairs), *(one.fails for one in self.wholes))


_OFFLINE = modes_pairs.OFFLINE_ENV
GROUPS = (
    Group(name="data", check="data", pairs=data_pairs.PAIRS),
    Group(
        name="modes",
        check="modes",
        pairs=modes_pairs.PAIRS,
        wholes=modes_pairs.WHOLE,
        env=_OFFLINE,
        options={"modes_budget": 4},
    ),
    Group(name="branches", check="modes", wholes=modes_pairs.BRANCHES, env=_OFFLINE),
    Group(name="crash", check="crash", pairs=crash_pairs.PAIRS, wholes=crash_pairs.AT_ONCE),
    Group(
        name="compat",
        check="compat",
        pairs=compat_pairs.PAIRS,
        wholes=compat_pairs.BOTH_WINDOWS,
        options={"since": "before", "strict": ("given numbers",)},
    ),
    Group(name="notices", check="notices", pairs=notices_pairs.PAIRS),
    Group(name="locks", check="locks", pairs=locks_pairs.PAIRS, options={"strict": ("old locks",)}),
)
