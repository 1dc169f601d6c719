"""Whether runs hold under fire: `python benchmarks/leases.py [--runs 2000] [--workers 4] [--seed 1]`; what was found, as JSON."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict

from lease_soak import Plan, soak


def main() -> int:
    """Run the soak; 1 when it found a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.getLogger("flowforge_schema").setLevel(logging.CRITICAL)  # the restart is meant
    report = soak(Plan(arguments.runs, arguments.workers, seed=arguments.seed))
    print(json.dumps({**asdict(report), "claims_per_s": report.claims_per_s}))
    return 0 if report.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
