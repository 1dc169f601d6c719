"""The outbox under fire; FLOWFORGE_SOAK_EVENTS=20000 for the whole, which takes minutes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "outbox.py"
EVENTS = os.environ.get("FLOWFORGE_SOAK_EVENTS", "1500")


def test_under_fire_nothing_is_lost_invented_out_of_order_or_delivered_twice_without_a_kill() -> None:
    report = _soak()

    assert report["committed"] >= int(EVENTS)
    assert (report["kills"] > 0, report["restarts"]) == (True, 1)
    assert {name: report["verdict"][name] for name in ("lost", "phantoms", "disordered", "unexplained")} == {
        "lost": 0,
        "phantoms": 0,
        "disordered": 0,
        "unexplained": 0,
    }


def _soak() -> dict[str, Any]:
    """Run eight writers and three relays, kill relays with SIGKILL, restart the server once; give what was found."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--soak", "--events", EVENTS],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
