"""What a pair is: a revision with a fault that shows only on a database with history, and its mended twin, which passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.harness.chains import Revision, sql

Twin = Literal["bad", "good"]
TWINS: tuple[Twin, ...] = ("bad", "good")


@dataclass(frozen=True)
class Body:
    """One twin: the code of its upgrade() and its downgrade(), and what stands above both (`allow = {…}`)."""

    up: str
    down: str = "pass"
    top: str = ""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One fault, as data. In all its texts `{t}` stands for a name of its own: `bad_<slug>` in the bad twin, `good_<slug>` in the good one.

    `check` is the check that tells it, `fails` what goes wrong, for the page that lists them. `setup` are the statements of a sound
    revision before it; a table into which they insert nothing gets rows of the harness. `subject` is that of the finding at the bad
    twin, `says` are words of its message. The good twin has no finding of any kind.
    """

    slug: str
    check: str
    fails: str
    setup: tuple[str, ...] = ()
    undo: tuple[str, ...] = ("DROP TABLE {t}",)
    bad: Body
    good: Body
    subject: str = "table public.{t}"
    says: str = ""

    def name(self, twin: Twin) -> str:
        """Return what `{t}` stands for in a twin, which is its revision too."""
        return f"{twin}_{self.slug}"

    def expected(self) -> tuple[str, str, str]:
        """Return check, revision and subject of what is found at the bad twin."""
        return self.check, self.name("bad"), self._told("bad", self.subject)

    def revisions(self, twin: Twin) -> tuple[Revision, Revision]:
        """Return the sound revision that makes what the twin needs, and the twin."""
        body: Body = getattr(self, twin)
        up, down, top = (self._told(twin, text) for text in (body.up, body.down, body.top))
        setup = Revision(f"before_{self.name(twin)}", *(self._sql(twin, one) for one in (self.setup, self.undo)))
        return setup, Revision(self.name(twin), up, down, top)

    def _sql(self, twin: Twin, statements: Iterable[str]) -> str:
        return sql(*(self._told(twin, one) for one in statements)) or "pass"

    def _told(self, twin: Twin, text: str) -> str:
        return text.replace("{t}", self.name(twin))


def steps(up: Iterable[str], down: Iterable[str] = (), top: str = "") -> Body:
    """Return a twin that executes statements."""
    return Body(sql(*up) or "pass", sql(*down) or "pass", top)


def chain_of(pairs: Iterable[Pair], twins: Iterable[Twin] = TWINS) -> tuple[Revision, ...]:
    """Return one chain that holds these twins of all pairs: first all that they need, in one revision, then each in its own."""
    needed, twin_revisions = zip(*(pair.revisions(twin) for twin in twins for pair in pairs), strict=True)
    before = Revision("before", "\n".join(one.up for one in needed), "\n".join(one.down for one in reversed(needed)))
    return (before, *twin_revisions)


def expectations(pairs: Iterable[Pair]) -> Iterator[tuple[str, str, str]]:
    """Yield check, revision and subject of each finding that their chain is to have."""
    return (pair.expected() for pair in pairs)
