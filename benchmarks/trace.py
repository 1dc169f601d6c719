"""What the trace of locks and work costs on this repository's chain: the same run without it and with it, in turn, on one server.

`python benchmarks/trace.py [--rounds 5]`. The figures are seconds of a whole run that judges `upgrade` and `roundtrip`, and of one that
judges `locks` besides: the difference is what watching every statement takes. It may be 4 s on a machine that does nothing else, which is
why the load is told beside it; more ends with exit code 1.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
from pathlib import Path

from pgharness.chain.agent import Agent
from pgharness.chain.project import open_project
from pgharness.running import plan_run, run_on
from pgharness.servers import Server, open_server
from pgharness.settings import load_settings

ROOT = Path(__file__).parents[1]
MOST_S = 4.0
CHECKS = ("upgrade", "roundtrip")


def main() -> None:
    """Measure in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with open_server("embedded") as server, Agent(Path(sys.executable)) as agent:
        seconds(server, agent, CHECKS)  # the first run fills caches
        turns = [(seconds(server, agent, CHECKS), seconds(server, agent, (*CHECKS, "locks"))) for _ in range(rounds)]
    without, traced = (statistics.median(one) for one in zip(*turns, strict=True))
    added = statistics.median(after - before for before, after in turns)
    told = f"without {without:.2f} s, with the trace {traced:.2f} s: {added:+.2f} s (median of {rounds} turns), {MOST_S:g} s are allowed"
    print(f"{told}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    sys.exit(added > MOST_S)


def seconds(server: Server, agent: Agent, checks: tuple[str, ...]) -> float:
    """Return how long a run takes that judges these checks."""
    started = time.perf_counter()
    settings = load_settings(None, alembic=ROOT / "alembic.ini", only=checks)
    project = open_project(settings, agent=agent)
    with contextlib.closing(project.runs):
        report = run_on(server, plan_run(settings, project), started=started).report
    assert not report.findings, report.findings
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
