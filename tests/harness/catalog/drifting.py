"""The drifts as data: one changed fact each, read from the .sql files beside this one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
BASE = (FOLDER / "base.sql").read_text(encoding="utf-8")
ROLES = ("shop_reader", "shop_writer", "shop_keeper")
MARKS = ("since", "needs", "unwitnessed", "unwritten", "unmended")


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift: what both databases are given beyond the base, and what changes one of them.

    `since` is the first major version that knows it, `needs` what not every build has. The other marks are reasons, empty where the claim holds: pg_dump shows it, the
    script writes it, a statement mends it.
    """

    name: str
    topic: str
    given: str
    change: str
    since: int = 15
    needs: str = ""
    unwitnessed: str = ""
    unwritten: str = ""
    unmended: str = ""


def read_drifts() -> tuple[Drift, ...]:
    """Read all drifts, file by file, in the order in which they are written."""
    return tuple(drift for file in sorted((FOLDER / "drifts").glob("*.sql")) for drift in _read(file))


def _read(file: Path) -> Iterator[Drift]:
    """Read one file: `--# name`, then marks `--@ since 17`, then SQL; above a `-->` stands what both sides are given."""
    for block in re.split(r"^--# ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition("\n")
        marks = dict(re.findall(r"^--@ (\w+) (.+)$", rest, flags=re.MULTILINE))
        assert set(marks) <= set(MARKS), f"{file.name}: {name}: unknown mark in {sorted(marks)}"
        sql = re.sub(r"^--@ .*\n", "", rest, flags=re.MULTILINE)
        given, arrow, change = sql.partition("-->\n")
        if not arrow:
            given, change = "", sql
        since = int(marks.pop("since", "15"))
        yield Drift(name, file.stem, given.strip(), change.strip(), since, **marks)


DRIFTS = read_drifts()
