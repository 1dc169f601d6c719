"""Notes in which order modules begin to be imported: in that order they can be imported again, whatever circles they form."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

# What every run imports by itself.
_KNOWN_AT_START = frozenset(sys.modules)


class _Noting:
    """A finder that finds nothing, and so is asked for every module before the others are."""

    def __init__(self) -> None:
        self.begun: dict[str, None] = {}

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.begun.setdefault(name)
        return None


_noting = _Noting()


def note_imports() -> None:
    """Begin to note, in this process and those that it forks."""
    if _noting not in sys.meta_path:
        sys.meta_path.insert(0, _noting)


def imported_modules() -> list[str]:
    """Return what has been imported since the agent started, in the order in which each began, by the names under which it can be again.

    What others have put in the place of a module, without importing it, comes with them.
    """
    return [
        name
        for name in _noting.begun
        if name not in _KNOWN_AT_START
        and not name.startswith("pgharness_agent")
        and getattr(sys.modules.get(name), "__spec__", None) is not None
    ]
