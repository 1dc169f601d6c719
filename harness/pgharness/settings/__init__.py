"""What a run is asked to do: `[tool.pgharness]` of a pyproject.toml, then `PGHARNESS_*`, then options."""

from pgharness.settings.loading import load_settings
from pgharness.settings.model import DEFAULT_IMAGE, MINOR_DIFFERENCES, PREFIX, IgnoreSetting, Settings
from pgharness.settings.nearest import nearest
from pgharness.settings.project_file import TABLE, configured_above, is_configured

__all__ = [
    "DEFAULT_IMAGE",
    "MINOR_DIFFERENCES",
    "PREFIX",
    "TABLE",
    "IgnoreSetting",
    "Settings",
    "configured_above",
    "is_configured",
    "load_settings",
    "nearest",
]
