"""Test an Alembic migration chain on a real PostgreSQL server.

The names are loaded when they are asked for: together they take the driver and more along. Type checkers read `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module

__all__ = [
    "CannotRun",
    "ChainRecord",
    "Check",
    "Compare",
    "Finding",
    "Harm",
    "Kind",
    "Note",
    "Report",
    "Settings",
    "Snapshot",
    "check_chain",
    "load_settings",
]

_MODULES = {
    "CannotRun": "findings",
    "ChainRecord": "records.chain_record",
    "Check": "checks.check",
    "Compare": "checks.check",
    "Finding": "findings",
    "Harm": "findings",
    "Kind": "kinds",
    "Note": "findings",
    "Report": "report.model",
    "Settings": "settings",
    "Snapshot": "catalog.facts",
    "check_chain": "running",
    "load_settings": "settings",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
