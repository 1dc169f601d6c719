"""The sizes and settings of a production database as a file without any values of rows."""

from __future__ import annotations

from pgharness.profile.file import read_profile, render_profile
from pgharness.profile.values import IndexSize, KeyPosition, Profile, SettingOf, StatementCalls, TableSize

__all__ = [
    "IndexSize",
    "KeyPosition",
    "Profile",
    "SettingOf",
    "StatementCalls",
    "TableSize",
    "read_profile",
    "render_profile",
]
