"""The harness's part of a pytest session, made when it is first asked for.

What it needs (SQLAlchemy, Alembic, a driver) takes a second to load, and a session that never asks is not to pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pgharness.plugin.session import HarnessSession

_SESSION_KEY: pytest.StashKey[HarnessSession] = pytest.StashKey()


def session_of(config: pytest.Config) -> HarnessSession:
    """Return the harness's part of a pytest session."""
    from pgharness.plugin.session import HarnessSession  # noqa: PLC0415 - see above

    if _SESSION_KEY not in config.stash:
        config.stash[_SESSION_KEY] = HarnessSession(config)
    return config.stash[_SESSION_KEY]


def find_session(config: pytest.Config) -> HarnessSession | None:
    """Return the harness's part of a pytest session, if anything asked for it."""
    return config.stash.get(_SESSION_KEY, None)
