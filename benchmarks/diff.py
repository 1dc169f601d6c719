"""Times `pgharness diff` of two databases beside two `pg_dump -s`, the least that anyone pays who compares dumps.

`nox -s bench -- diff` prints a table for schemas of 250 to 2,000 tables with five indexes each, equal and with six differences: seconds
by the clock of whole processes, the fastest of some rounds in turn, and their ratio.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from snapshot import TABLES

from pgharness.databases import Database, Databases
from pgharness.servers import open_server
from pgharness.servers.embedded.binaries import find_binaries

SIZES = (250, 1000, 2000)
SIX_DIFFERENCES = """\
DROP INDEX wide.t7_1;
ALTER TABLE wide.t8 ALTER COLUMN a SET DEFAULT 1;
ALTER TABLE wide.t9 ADD COLUMN e text;
CREATE TABLE wide.extra (id integer);
ALTER TABLE wide.t10 DROP CONSTRAINT t10_a;
COMMENT ON TABLE wide.t11 IS 'other';
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two databases of so many tables, and what the comparison has to end with."""

    name: str
    left: Database
    right: Database
    exit_code: int


def main() -> None:
    """Make the databases, run both programs in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    asked = parser.parse_args()
    pg_dump = find_binaries().program("pg_dump")
    with open_server("embedded") as server, Databases(server) as databases:
        print(f"{server.description}, the fastest of {asked.rounds} rounds")
        print(f"{'schemas':>30} {'two pg_dump -s':>16} {'pgharness diff':>16} {'ratio':>7}")
        for pair in _pairs(databases, asked.sizes):
            dumps_s, diff_s = map(min, zip(*(_round(pg_dump, pair) for _ in range(asked.rounds)), strict=True))
            print(f"{pair.name:>30} {dumps_s:>14.2f} s {diff_s:>14.2f} s {diff_s / dumps_s:>7.2f}", flush=True)


def _pairs(databases: Databases, sizes: Sequence[int]) -> Iterator[Pair]:
    for size in sizes:
        left = databases.create_empty("left")
        with left.connect() as connection:
            connection.execute("CREATE SCHEMA wide")
            connection.execute(TABLES.format(tables=size).encode())
        right = databases.clone(left)
        yield Pair(f"{size:,} tables, equal", left, right, 0)
        with right.connect() as connection:
            connection.execute(SIX_DIFFERENCES)
        yield Pair(f"{size:,} tables, six differences", left, right, 1)
        databases.drop(left)
        databases.drop(right)


def _round(pg_dump: str, pair: Pair) -> tuple[float, float]:
    """Return the seconds of two dumps, one after the other, and of the comparison."""
    dumps_s = sum(_seconds([pg_dump, "-s", side.conninfo], 0) for side in (pair.left, pair.right))
    urls = (
        side.url.set(drivername="postgresql").render_as_string(hide_password=False) for side in (pair.left, pair.right)
    )
    program = [sys.executable, "-c", "from pgharness.cli import main; main()", "diff", *urls]
    return dumps_s, _seconds(program, pair.exit_code)


def _seconds(command: Sequence[str], exit_code: int) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken_s = time.perf_counter() - started
    if done.returncode != exit_code:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return taken_s


if __name__ == "__main__":
    main()
