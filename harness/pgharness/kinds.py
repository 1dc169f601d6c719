"""The kinds of findings: each has a code that is never given to another, its reason, an example and a fix; `kinds.toml` is the table."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".toml")
PREFIX = "PGH-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of finding: `what` is found in a few words, `why` it matters, an `example` of it, and the `fix`; `allow` is how it is allowed.

    Of ours the `code` is PGH-, the letter of its check and a number, as in PGH-D012; a check of somebody else's takes another prefix.
    """

    code: str
    check: str
    what: str
    why: str
    example: str
    fix: str
    allow: str = ""

    @property
    def how_to_allow(self) -> str:
        """What accepts it, where it is meant."""
        return (
            self.allow
            or f'allow = {{"{self.check}": "<reason>"}} in the revision, beside its code; or pgharness check --accept'
        )


@cache
def our_kinds() -> tuple[Kind, ...]:
    """Return pgharness's own kinds in the order of the table, which is that of the checks; the first call reads it."""
    table: dict[str, dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Kind(code=PREFIX + number, **{name: text.strip() for name, text in fields.items()})
        for number, fields in table.items()
    )


def kinds_of(check: str, added: Iterable[Kind] = ()) -> tuple[Kind, ...]:
    """Return the kinds of one check: ours, and those that the check itself brings."""
    return (*(kind for kind in our_kinds() if kind.check == check), *added)
