"""The command line: `pgharness check`, `diff`, `snapshot` and `plans`, a file each."""

from pgharness.cli.app import main

__all__ = ["main"]
