"""What the whole harness takes for chains of 10, 50 and 100 revisions, beside the structural checks alone (graph to roundtrip).

`python benchmarks/lengths.py [--revisions 10 50 100]`. Each run is a process of its own with a server of its own. Processor time is that of all
that it starts, server and agent included, and hardly changes with what else the machine does; seconds by the clock do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generated_chain import write_chain

from pgharness.judging.registry import CHECKS

NAMES = tuple(check.name for check in CHECKS if not check.opt_in)
STRUCTURAL = NAMES[: NAMES.index("roundtrip") + 1]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took: seconds by the clock, and of processor time."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Measure, and print a row for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--revisions", type=int, nargs="+", default=[10, 50, 100])
    lengths = parser.parse_args().revisions
    print(f"structural: {', '.join(STRUCTURAL)}; whole: {', '.join(NAMES)}")
    print(
        "| revisions | structural, processor s | whole, processor s | a revision | whole / structural | by the clock |"
    )
    print("|---|---|---|---|---|---|")
    for revisions in lengths:
        with tempfile.TemporaryDirectory() as folder:
            ini = write_chain(Path(folder), revisions)
            structural, whole = (_run(ini, names) for names in (STRUCTURAL, NAMES))
        print(
            f"| {revisions} | {structural.cpu_s:.1f} | {whole.cpu_s:.1f} | {whole.cpu_s / revisions:.2f} | "
            f"{whole.cpu_s / structural.cpu_s:.1f} | {structural.wall_s:.1f} and {whole.wall_s:.1f} s |",
            flush=True,
        )


def _run(ini: Path, names: Sequence[str]) -> Cost:
    only = [argument for name in names for argument in ("--only", name)]
    command = [
        sys.executable,
        "-m",
        "pgharness",
        "check",
        "--alembic",
        str(ini),
        "--server",
        "embedded",
        "--no-strict",
        *only,
    ]
    started = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ini.parent)
    assert running.stdout is not None
    said = running.stdout.read()
    _, status, usage = os.wait4(running.pid, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 1} or "server ready" not in said:
        raise SystemExit(f"pgharness ended with {os.waitstatus_to_exitcode(status)}:\n{said[-2000:]}")
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    main()
