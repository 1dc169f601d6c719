"""How fast the outbox is beside the same SQL sent by pgbench, and whether it holds under fire.

`python benchmarks/outbox.py [--rounds 5] [--cycles 20]`   record, claim and publish 100 events a cycle, in turn with pgbench
`python benchmarks/outbox.py --pinned [--events 100000]`   the time of a claim while a long transaction keeps dead rows alive
`python benchmarks/outbox.py --soak [--events 20000] [--way racing|lock|shares]`   writers, killed relays, a restart

Trust the ratios: both sides of each run on the same server in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from dataclasses import asdict

from outbox_pgbench import compare
from outbox_pinned import pin
from outbox_soak import WAYS, Plan, soak


def main() -> int:
    """Run what was asked for; 1 when the soak found a fault."""
    arguments = _arguments()
    logging.getLogger("flowforge_schema").setLevel(logging.ERROR)  # on a busy machine statements are slow
    if arguments.soak:
        report = soak(
            Plan(
                arguments.events or 20_000, way=arguments.way, kill_every_s=arguments.kill_every_s, seed=arguments.seed
            )
        )
        print(json.dumps(asdict(report)))
        return 0 if report.verdict.is_sound else 1
    if arguments.pinned:
        asyncio.run(pin(arguments.events or 100_000))
    else:
        asyncio.run(compare(arguments.rounds, arguments.cycles))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cycles", type=int, default=20)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--pinned", action="store_true")
    what.add_argument("--soak", action="store_true")
    parser.add_argument("--events", type=int)
    parser.add_argument("--way", choices=WAYS, default=WAYS[0])
    parser.add_argument("--kill-every-s", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
