"""Folders for a run's files, named after the run, so that the next run removes what one that was killed has left."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pgharness.servers.run_identity import this_owner

OWNED_PREFIX = "pgharness-"
"""What the names of such folders begin with; behind it come the owner and letters by chance."""


def private_folder(base: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """Make a folder that nobody else may enter, in the temporary folder or in `base`; a context manager that removes it at the end."""
    return tempfile.TemporaryDirectory(prefix=owned_prefix(), dir=base)


def owned_prefix() -> str:
    """Return what the name of each folder of this process begins with."""
    return f"{OWNED_PREFIX}{this_owner()}-"
