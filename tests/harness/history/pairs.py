"""What a pair is: a revision with a fault that shows only on a database with history, and its mended twin, which passes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    twin, `says` are words of its message. The good twin has no finding of any kind. `typed` is what the finding's fix says to type: it
    stands in the good twin.
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
    typed: tuple[str, ...] = ()

    def name(self, twin: Twin) -> str:
        """Return what `{t}` stands for in a twin, which is its revision too."""
        return f"{twin}_{self.slug}"

    def expected(self) -> tuple[str, str, str]:
        """Return check, revision and subject of what is found at the bad twin."""
        return self.check, self.name("bad"), self._told("bad", self.subject)

    def is_typed_in(self, mend: str) -> bool:
        """Whether the fix of the bad twin says what the good one does: `typed` stands in both, with the name of each."""
        written = f"{self.good.top}\n{self.good.up}\n{self.good.down}"
        return all(
            any(form in mend for form in _forms(self._told("bad", one)))
            and any(form in written for form in _forms(one))
            for one in self.typed
        )

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


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A fault that a chain can have but once, with what its twin is mended by: another chain, another env.py, or both.

    `revision` and `subject` are those of the finding at the bad twin, `says` are words of its message, `fix` words of its mend.
    """

    check: str
    fails: str
    bad: tuple[Revision, ...]
    good: tuple[Revision, ...]
    revision: str | None
    subject: str
    says: str
    fix: str
    bad_env: str = ""
    """The text of an env.py, where the one of its group is not meant."""
    good_env: str = ""

    def revisions(self, twin: Twin) -> tuple[Revision, ...]:
        """Return the chain of a twin."""
        revisions: tuple[Revision, ...] = getattr(self, twin)
        return revisions

    def env(self, twin: Twin, otherwise: str) -> str:
        """Return the env.py of a twin, or that of its group."""
        env: str = getattr(self, f"{twin}_env")
        return env or otherwise


def told_apart(case: str, revisions: Iterable[Revision]) -> Iterator[Revision]:
    """Yield the revisions with names and tables of their own, so that several chains can stand one behind the other."""
    names = r"\b(author|parent|child|kept|taken|shown|ix_born)\b"
    end = f"_{re.sub(r'[^a-z]+', '_', case)[-16:]}"
    for one in revisions:
        after = tuple(f"{name}{end}" for name in one.after) if one.after is not None else None
        depends_on = tuple(f"{name}{end}" for name in one.depends_on)
        up = re.sub(names, rf"\1{end}", one.up)
        yield replace(one, slug=f"{one.slug}{end}", up=up, down="pass", after=after, depends_on=depends_on)


def _forms(text: str) -> Iterator[str]:
    """Yield a text as it is, and as it stands within a Python literal."""
    yield text
    yield repr(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]


def steps(up: Iterable[str], down: Iterable[str] = (), top: str = "") -> Body:
    """Return a twin that executes statements."""
    return Body(sql(*up) or "pass", sql(*down) or "pass", top)


def chain_of(pairs: Sequence[Pair], twins: Iterable[Twin] = TWINS) -> tuple[Revision, ...]:
    """Return one chain that holds these twins of all pairs."""
    return chain_of_twins([(pair, twin) for twin in twins for pair in pairs])


def chain_of_twins(twins: Iterable[tuple[Pair, Twin]]) -> tuple[Revision, ...]:
    """Return one chain: first all that the twins need, in one revision, then each in its own."""
    needed, revisions = zip(*(pair.revisions(twin) for pair, twin in twins), strict=True)
    before = Revision("before", "\n".join(one.up for one in needed), "\n".join(one.down for one in reversed(needed)))
    return (before, *revisions)


def expectations(pairs: Iterable[Pair]) -> Iterator[tuple[str, str, str]]:
    """Yield check, revision and subject of each finding that their chain is to have."""
    return (pair.expected() for pair in pairs)
