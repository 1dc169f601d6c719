"""Whether a column that only one side has and one that only the other has are the same one: alike in type and place, unrelated ones are too."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.index_shapes import foreign_key_of
from pgharness.catalog.names import unqualified, unquoted
from pgharness.catalog.rendering.arrangement import Arrangement

# Of names: so much the same (difflib's ratio), or a word in common that says what the column holds.
ALIKE = 0.6
WORDS_OF_ANY = frozenset({"at", "by", "id", "in", "is", "has", "no", "of", "on", "to", "the"})
# What stands on a table, or beside a column, and tells a column from others by how it uses it.
USERS = frozenset({"column", "constraint", "index", "policy", "statistics", "trigger"})
USING = ("definition", "generated", "using", "check")


def is_same_column(before: Arrangement, old: ObjectKey, after: Arrangement, new: ObjectKey) -> bool:
    """Whether their names are alike, or both have the same comment, or something uses both in the same way; never where they refer to different columns."""
    referred, refers = referred_by(before, old), referred_by(after, new)
    if referred and refers and referred.isdisjoint(refers):
        return False
    names = unquoted(unqualified(old.object)), unquoted(unqualified(new.object))
    comments = before.properties[old].get("comment"), after.properties[new].get("comment")
    if are_alike(*names) or (comments[0] is not None and comments[0] == comments[1]):
        return True
    if _counts(before, old) and _counts(after, new):
        return True  # a table hardly has two columns of numbers of its own
    if not _views(before, old).isdisjoint(_views(after, new)):
        return True
    return not _uses(before, old).isdisjoint(_uses(after, new))


def referred_by(here: Arrangement, column: ObjectKey) -> set[tuple[str, str]]:
    """Return what a column refers to, by itself or as a part of a key: each time the table, and the column there."""
    table = here.snapshot.parents.get(column)
    beside = here.children.get(table, ()) if table is not None else ()
    constraints = (one for one in beside if one.kind == "constraint")
    keys = [foreign_key_of(here.snapshot, one) for one in constraints if _is_foreign_key(here, one)]
    name = unqualified(column.object)
    return {
        (key.referenced, there)
        for key in keys
        for own, there in zip(key.columns, key.referred, strict=False)
        if own == name
    }


def _is_foreign_key(here: Arrangement, constraint: ObjectKey) -> bool:
    return here.snapshot.value(*constraint) == "foreign key"


def _views(here: Arrangement, column: ObjectKey) -> set[ObjectKey]:
    """Return the views that read a column: one that reads one column here and another there reads what is but called otherwise."""
    users = here.users.get(here.snapshot.parents[column], ())
    views = (one for one in users if one.kind in ("view", "materialized view"))
    whole = _whole(unqualified(column.object))
    return {one for one in views if whole.search(here.properties[one].get("definition", ""))}


def _whole(name: str) -> re.Pattern[str]:
    """Return what finds a name where it stands as a whole, and not in a text."""
    return re.compile(rf"(?<![\w$\"']){re.escape(name)}(?![\w$\"'])")


def _counts(here: Arrangement, column: ObjectKey) -> bool:
    facts = here.properties[column]
    return "identity" in facts or facts.get("default", "").startswith("nextval(")


def are_alike(old: str, new: str) -> bool:
    """Whether two names have a word in common that says what the column holds, or are much the same."""
    words = [set(re.findall(r"[a-z0-9]+", name.lower())) - WORDS_OF_ANY for name in (old, new)]
    return not words[0].isdisjoint(words[1]) or SequenceMatcher(None, old.lower(), new.lower()).ratio() >= ALIKE


def _uses(here: Arrangement, column: ObjectKey) -> set[tuple[str, str]]:
    """Return kind and text of what uses a column, with a mark in the place of its name; a text that has no such name is none."""
    table, whole = here.snapshot.parents[column], _whole(unqualified(column.object))
    beside = [one for one in here.children.get(table, ()) if one.kind in USERS]
    inside = [index for one in beside for index in here.children.get(one, ())]
    leading = [one for one in here.users.get(table, ()) if one.kind == "constraint"]
    texts = (
        (one.kind, here.properties[one].get(which, "").rpartition(" USING ")[2])
        for one in (*beside, *inside, *leading)
        for which in USING
    )
    return {(kind, whole.sub("?", text)) for kind, text in texts if whole.search(text)}
