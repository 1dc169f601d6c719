"""Keeps what a walk has learned of the texts that columns are meant to hold, and which revision it was learned of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pgharness.records.steps import RevisionRecord
from pgharness.rows import Suspect, Words
from pgharness.walk.stretch import Stretch

MOST_LESSONS = 3
"""So many times a column is tried with what was learned of it: what is learned may differ each time, and never be enough."""


@dataclass(slots=True)
class Lessons:
    """What was learned, beside the words that the settings give."""

    given: Words
    words: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _times: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many times something was learned of a column."""

    @property
    def all_words(self) -> Words:
        """What columns are to hold; what the settings say goes before what was learned."""
        return {**self.words, **self.given}

    def learn(self, stretch: Stretch, suspects: Sequence[Suspect]) -> bool:
        """Keep what columns are meant to hold; say whether any of it is new."""
        learned = stretch.learn(suspects) if suspects else {}
        new = {
            place: texts
            for place, texts in learned.items()
            if self.words.get(place) != texts and self._times[place] < MOST_LESSONS
        }
        self.words.update(new)
        self._times.update(new.keys())
        return bool(new.keys() - self.given.keys())

    def noted(self, record: RevisionRecord, suspects: Sequence[Suspect]) -> RevisionRecord:
        """Return a record with what it passed on: the columns whose texts were made for it, and as which types they are read."""
        given = frozenset(self.given)
        read_as = tuple(
            (one.table, one.column, one.type_name)
            for one in suspects
            if one.type_name and (one.table, one.column) not in given
        )
        learned = tuple(place for place in self.words if any(_is_about(one, place) for one in suspects))
        return replace(record, read_as=read_as, learned=learned, given_values=given)


def _is_about(suspect: Suspect, place: tuple[str, str]) -> bool:
    """Whether a column is the suspect, or may be what a suspected constraint is about."""
    return bool(suspect.constraint) or (suspect.table, suspect.column) == place
