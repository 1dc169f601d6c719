"""The folder of ready files that later runs use again: clusters and copies of programs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder for files that later runs use again; it may not exist yet.

    As root it is one that other accounts may enter, since the server runs under one of them.
    """
    if named := os.environ.get("PGHARNESS_CACHE_DIR"):
        return Path(named)
    if os.getuid() == 0:
        return Path("/var/cache/pgharness")
    return platformdirs.user_cache_path("pgharness")
