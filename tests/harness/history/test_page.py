"""docs/history.md is that of the pairs as they are; what other tools say there, only a run of the benchmark tells."""

from __future__ import annotations

import re
from pathlib import Path

from tests.harness.history.groups import GROUPS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "history.md").read_text(encoding="utf-8")
GENERATED = (ROOT / "benchmarks" / "history_page.md").read_text(encoding="utf-8")
REMAKE = "nox -s bench -- history --write"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below the first line that begins so, without its head."""
    table = re.search(rf"^{re.escape(heading)}.*\n\|---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None, REMAKE
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()]


def test_the_page_lists_each_fault_in_its_group() -> None:
    listed = [(group, fault) for group, fault, *_ in rows("| | fault |")]

    assert listed == [(group.name, fault) for group in GROUPS for fault in group.faults], REMAKE


def test_the_page_counts_what_it_lists_and_the_harness_tells_all_of_it_and_no_twin() -> None:
    counted = {name.strip("*"): (int(number), harness) for name, number, harness, *_ in rows("| faults of |")}

    expected = {group.name: (len(group.faults), str(len(group.faults))) for group in GROUPS}
    total = sum(number for number, _ in expected.values())
    assert counted == {**expected, "all": (total, str(total))}, REMAKE
    assert total >= 70


def test_what_the_page_says_around_its_tables_is_what_is_written_for_it() -> None:
    words = [part for part in re.split(r"\{\w+\}", GENERATED) if part.strip()]

    assert [part for part in words if part.strip() not in PAGE] == [], REMAKE
