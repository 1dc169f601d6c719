"""Measures the query patterns at several sizes, what indexes cost writes, and sixteen connections; writes docs/query-patterns.md.

`nox -s bench -- queries` measures up to a million runs, `--largest 10000000` one size more; `--only page` writes the page again from the
figures of the last time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from query_load import TRANSACTIONS, measure_load
from query_page import write_page
from query_plans import measure_plans
from query_writes import measure_writes

from pgharness.databases import Databases
from pgharness.servers import open_server

FIGURES = Path(__file__).parents[1] / "docs" / "query-patterns" / "figures.json"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


PARTS: dict[str, Callable[[Databases, argparse.Namespace], Any]] = {
    "plans": lambda databases, arguments: measure_plans(
        databases, [size for size in SIZES if size <= arguments.largest]
    ),
    "writes": lambda databases, _: measure_writes(databases),
    "load": lambda databases, arguments: measure_load(databases, arguments.transactions),
}


def main() -> int:
    """Measure, keep the figures, write the page; exit code 1 where the harness finds something wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="embedded", help="embedded, container, or postgresql://… of a server")
    parser.add_argument("--largest", type=int, default=1_000_000, help="the runs of the largest volume")
    parser.add_argument("--transactions", type=int, default=TRANSACTIONS, help="how many under load")
    parser.add_argument("--only", choices=[*PARTS, "page"], help="measure this part alone, and keep the rest")
    arguments = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    wanted = [name for name in PARTS if arguments.only in {None, name}]
    if wanted:
        with open_server(arguments.server) as server, Databases(server) as databases:
            figures["server"] = f"PostgreSQL {server.version}"
            for name in wanted:
                figures[name] = PARTS[name](databases, arguments)
                _keep(figures)
    if all(name in figures for name in PARTS):
        write_page(figures)
    found = figures.get("plans", {}).get("findings", [])
    for finding in found:
        print(finding)
    return 1 if found else 0


def _keep(figures: dict[str, Any]) -> None:
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    # The keys of sizes become text, as they are when read again.
    figures.update(json.loads(json.dumps(figures)))
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
