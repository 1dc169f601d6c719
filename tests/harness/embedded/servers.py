"""What tests ask of an embedded server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgharness.servers import Server

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has to change the user")


def run_folder_of(server: Server) -> Path:
    """Return where a server's socket and data lie."""
    return Path(server.url.host)


def setting(server: Server, name: str) -> str:
    """Return a setting of a server as PostgreSQL prints it."""
    with server.connect() as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])
