"""The command line: `pgharness check`, `diff`, `snapshot` and `plans`, a file each."""

from __future__ import annotations

import sys

from pgharness.cli.exit_codes import INTERRUPTED


def main() -> None:
    """Run the command line; an interrupt ends it without a traceback, also while it is still being loaded."""
    try:
        from pgharness.cli.app import run

        run()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(INTERRUPTED)


__all__ = ["main"]
