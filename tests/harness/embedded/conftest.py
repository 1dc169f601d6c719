"""An embedded server for the tests of a module, and a folder in which they keep what later runs use."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgharness.servers import Server, open_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Yield a server that the tests of a module share."""
    with open_server("embedded") as opened:
        yield opened


@pytest.fixture
def open_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty cache folder that every account may enter; pytest's own folders are private."""
    folder = Path(tempfile.mkdtemp(prefix="pgharness-test-cache-"))
    folder.chmod(0o755)
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)
