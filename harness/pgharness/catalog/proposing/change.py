"""An object that differs, with both sides whole; and what to raise where no statement leads from one to the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.attachments import phrase
from pgharness.catalog.rendering.parts import Contents

Facts = dict[str, str]
# The properties that differ, each with the value it is to have; a changer takes out what it has dealt with.
Wanted = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Mend:
    """What brings one object to what it is to be: lines of an upgrade(), or the reason why none can.

    `caution` is what the values of rows lose by it, `meanwhile` a default that a new column
    is given besides, and the line that takes it away. `also` are the objects that are brought to what they are to be with it, in one go.
    """

    key: ObjectKey
    operations: tuple[str, ...]
    reason: str = ""
    also: frozenset[ObjectKey] = frozenset()
    caution: str = ""
    meanwhile: tuple[str, ...] = ()


class NoStatementError(Exception):
    """No statement brings the object to what it is to be; the text says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object that exists on both sides: as it is (left), and as it is to be (right)."""

    key: ObjectKey
    left: Contents
    right: Contents

    @property
    def before(self) -> Facts:
        """What is known of it on the left."""
        return self.left.properties.get(self.key, {})

    @property
    def after(self) -> Facts:
        """What is known of it on the right."""
        return self.right.properties.get(self.key, {})

    @property
    def parent(self) -> ObjectKey:
        """What it belongs to; itself where it stands alone."""
        return self.left.parent(self.key)

    @property
    def local_name(self) -> str:
        """Its name within its parent."""
        return self.left.local_name(self.key)

    @property
    def named(self) -> str:
        """The object as ALTER and COMMENT ON name it."""
        return phrase(self.left, self.key)

    @property
    def alter(self) -> str:
        """`ALTER TABLE public.users`, also of what belongs to a table."""
        table = self.parent if self.key.kind in BELOW_TABLES else self.key
        return f"ALTER {table.kind.upper()} {table.object}"


Changer = Callable[[Change, Wanted], list[str]]
BELOW_TABLES = frozenset({"column", "constraint", "trigger", "rule", "policy"})


def take(wanted: Wanted, *properties: str) -> bool:
    """Take these out of what is wanted; say whether any was there."""
    found = [name for name in properties if name in wanted]
    for name in found:
        del wanted[name]
    return bool(found)
