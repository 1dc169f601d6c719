"""Values that were changed are told so that they look different."""

from __future__ import annotations

import pytest

from pgharness.describing.contents import values_in_words
from pgharness.records.changes import ValueChange

LONG = "a" * 100


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Ada", "ADA", "id=1: 'Ada' became 'ADA'"),
        (None, LONG, f"id=1: NULL became '{'a' * 60}…'"),
        (LONG, "a" * 70, f"id=1: '…{'a' * 50}' became '…{'a' * 20}'"),
        (f"{LONG}x{LONG}", f"{LONG}y{LONG}", f"id=1: '…{'a' * 20}x{'a' * 39}…' became '…{'a' * 20}y{'a' * 39}…'"),
        (f"b{LONG}", f"c{LONG}", f"id=1: 'b{'a' * 59}…' became 'c{'a' * 59}…'"),
        (f"{'a' * 60}b", f"{'a' * 60}", f"id=1: '…{'a' * 20}b' became '…{'a' * 20}'"),
    ],
)
def test_long_values_are_told_from_where_they_differ(before: str | None, after: str, told: str) -> None:
    assert values_in_words([ValueChange("id=1", before, after)], redacts=False) == told
