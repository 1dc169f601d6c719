"""The types of whole numbers, and the largest number that a column of each holds (manual, 8.1.1 "Integer Types")."""

from __future__ import annotations

LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
