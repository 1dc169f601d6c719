"""Tells which columns and tables a revision that comes soon fills itself, so that no rows of ours stand in its way: nobody else knows them yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgharness.rows.tables import bare


@dataclass(frozen=True, slots=True)
class Coming:
    """The texts of the revisions that come next, and of those that have just run, each as far as its way back."""

    texts: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    def fills_column(self, table: str, column: str) -> bool:
        """Whether one of them sets the column where it is NULL; one that sets it everywhere would overwrite what people have entered."""
        guard = _guard(column)
        return any(_named(table, text) and guard.search(text) and _UPDATES.search(text) for text in self.texts)

    def looks_for_null(self, table: str, column: str) -> bool:
        """Whether the next one asks for rows where the column is NULL."""
        return any(_named(table, text) and _guard(column).search(text) for text in self.texts[:1])

    def fills_table(self, table: str) -> bool:
        """Whether one of them moves rows into the table from elsewhere, or has moved there what there was.

        One that reads or empties the table besides counts on what stands there.
        """
        name = rf"(?:\"?\w+\"?\.)?\"?{re.escape(bare(table))}\"?(?!\w)"
        moves = re.compile(rf"\bINSERT\s+INTO\s+{name}(?:(?!;|\bVALUES\b).)*?\bSELECT\b", re.IGNORECASE | re.DOTALL)
        knows = re.compile(rf"\b(?:FROM|JOIN|TRUNCATE(?:\s+TABLE)?|UPDATE)\s+(?:ONLY\s+)?{name}", re.IGNORECASE)
        filling = [text for text in (*self.texts, *self.last) if moves.search(text) and not knows.search(text)]
        # Where the next one takes another table by the same name, it is that one which is filled, from this one.
        return any(text in self.last or not _replaces(table, text) for text in filling)


NOTHING = Coming()
_UPDATES = re.compile(r"\bUPDATE\b|\.values\(", re.IGNORECASE)


def _replaces(table: str, text: str) -> bool:
    """Whether a revision makes a table of this name, or takes the name or the table away."""
    name = rf"(?:\"?\w+\"?\.)?\"?{re.escape(bare(table))}\"?(?!\w)"
    acts = rf"\b(?:CREATE|DROP)\s+TABLE\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?{name}|\bALTER\s+TABLE\s+{name}\s+RENAME\s+TO\b"
    calls = rf"\b(?:create|drop|rename)_table\(\s*[\"']{re.escape(bare(table))}[\"']"
    return re.search(f"{acts}|{calls}", text, re.IGNORECASE) is not None


def _guard(column: str) -> re.Pattern[str]:
    name = re.escape(bare(column))
    return re.compile(
        rf"(?<!\w){name}\"?\s+IS\s+NULL\b|\b{name}(?:\.(?:is_\(|== ?None)|[\"'\]]* is None\b)", re.IGNORECASE
    )


def _named(table: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(bare(table))}(?!\w)", text) is not None
