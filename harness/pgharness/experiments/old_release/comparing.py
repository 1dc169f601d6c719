"""Decides whether a statement comes to something else than before: refused, without effect, of another type, or with other values."""

from __future__ import annotations

from pgharness.records.old_release import Answer


def comes_to_something_else(before: Answer, after: Answer, *, is_read: bool, writes: bool) -> bool:
    """Whether the release before would notice; `writes` says that the revision wrote some itself."""
    if after.refusal is not None or before.types_changed(after) or before.values_changed(after):
        return True
    if is_read:
        return after.count < before.count and not writes
    return before.count == 1 and after.count == 0
