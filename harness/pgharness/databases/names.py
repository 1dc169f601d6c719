"""The names of our databases, and the mark of kept ones: they tell whose they are, so that nothing else is ever dropped."""

from __future__ import annotations

import hashlib
import os
import re
import secrets

PREFIX = "pgharness_"

# The comment on a database that is to outlive its run.
KEPT = "kept by pgharness"

# PostgreSQL cuts names at 63 bytes.
_LONGEST_LABEL = 24


def new_token() -> str:
    """Make the token that is in the names of all databases of one user of a server, and in that of its session."""
    return secrets.token_hex(4)


def database_name(token: str, label: str) -> str:
    """Return a name that nobody else uses, in which the token, the worker of pytest-xdist and the label can be read."""
    worker = re.sub(r"[^a-z0-9]", "", os.environ.get("PYTEST_XDIST_WORKER", ""))
    readable = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:_LONGEST_LABEL]
    return "_".join(filter(None, [f"{PREFIX}{token}", worker, readable, secrets.token_hex(3)]))


def label_of(name: str) -> str:
    """Return the label in a name, to be used in the name of a copy."""
    return "_".join(name.removeprefix(PREFIX).split("_")[1:-1]) or "clone"


def session_name(token: str) -> str:
    """Return the application name of the session that lives as long as the databases with this token are in use."""
    return f"pgharness {token}"


def template_prefix(maintenance_database: str) -> str:
    """Return the beginning of the names of the templates whose users meet in this maintenance database.

    They agree by advisory locks, and these are known within one database only.
    """
    return f"{PREFIX}template_{_digest(maintenance_database)[:8]}_"


def template_name(key: str, version_number: int, maintenance_database: str) -> str:
    """Return the name that every process finds for the same key on the same server."""
    return template_prefix(maintenance_database) + _digest(f"{key}\n{version_number}")[:24]


def lock_key(purpose: str, name: str) -> int:
    """Return the key of an advisory lock, a signed number of 64 bits."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {name}".encode()).digest()[:8], "big", signed=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
