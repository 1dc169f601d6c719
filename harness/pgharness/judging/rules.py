"""What the users of a chain declared in the settings about how it is to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pgharness.catalog.ignore_rules import IgnoreRule, IgnoreRules
from pgharness.judging.accepted import Accepted, read_accepted, read_accepted_heads
from pgharness.settings import IgnoreSetting, Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """What is left out of comparisons, what is meant, and where judging begins."""

    ignore: IgnoreRules = field(default_factory=IgnoreRules)
    """What comparisons leave out on purpose."""
    allow_indices: Mapping[str, str] = field(default_factory=dict)
    """Findings of `indices` that are meant: subject and reason."""
    strict: frozenset[str] = frozenset()
    """The minor differences that are findings, and no notes."""
    asked: frozenset[str] = frozenset()
    """The checks that were asked for by name: where one could not be made, it is missed."""
    since: str | None = None
    """Only what later revisions do is told."""
    previous: str | None = None
    """The commit whose chain is deployed, where it was named: it says which revisions are new."""
    accepted: frozenset[Accepted] = frozenset()
    """Findings that are accepted for now."""
    accepted_file: str = ""
    """Where they are written down."""
    accepted_heads: tuple[str, ...] = ()
    """The heads of the chain for which they were."""
    folder: Path | None = None
    """From where files are told; None: as they are."""


def read_rules(settings: Settings, today: date) -> Rules:
    """Return the rules of these settings, as they stand on a day. Raises CannotRun."""
    ignore = read_ignore_rules(settings.ignore, today)
    return Rules(
        ignore,
        settings.allow_indices,
        frozenset(settings.strict),
        frozenset(settings.only),
        settings.since,
        settings.previous,
        read_accepted(settings.accepted),
        str(settings.accepted),
        read_accepted_heads(settings.accepted),
        settings.folder.absolute(),
    )


def read_ignore_rules(ignore: Iterable[IgnoreSetting], today: date) -> IgnoreRules:
    """Return the ignore rules alone, which `pgharness diff` needs too."""
    return IgnoreRules(tuple(IgnoreRule(**setting.model_dump()) for setting in ignore), today)
