"""Tells from their texts whether a chain's revisions make what belongs to the whole server, which two databases cannot both have made."""

from __future__ import annotations

import re
from pathlib import Path

from pgharness.chain.project import Project

# Roles and slots belong to the whole server, so two databases that make the same ones cannot be worked on side by side.
_SPEAKS_OF_SERVER = re.compile(
    r"\b(create|alter|drop)\s+(role|user|group|tablespace|subscription|database|system)\b|replication_slot",
    re.IGNORECASE,
)


def speaks_of_server(project: Project) -> bool:
    """Whether a revision, or the baseline, seems to make what belongs to the whole server."""
    files = [Path(item.path) for item in project.chain.revisions]
    if project.settings.baseline is not None:
        files.append(project.settings.baseline)
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in files)
    return any(_SPEAKS_OF_SERVER.search(text) for text in texts)
