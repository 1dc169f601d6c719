"""Alembic's configuration for the chain that this installation carries."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory

from flowforge_schema.chain import chain_folder


@dataclass(frozen=True, slots=True)
class Chain:
    """Alembic's configuration and what it finds by it."""

    config: Config
    scripts: ScriptDirectory

    def revisions(self) -> list[str]:
        """Return the ids of all revisions, base first."""
        return [script.revision for script in self.scripts.walk_revisions()][::-1]


def configure(**attributes: Any) -> Chain:
    """Configure Alembic; env.py reads the attributes."""
    versions = Path(str(chain_folder()))
    config = Config(stdout=io.StringIO(), attributes=attributes)
    options = {"script_location": versions.parent, "version_locations": versions, "path_separator": "newline"}
    for name, value in options.items():
        config.set_main_option(name, str(value).replace("%", "%%"))
    return Chain(config, ScriptDirectory.from_config(config))
