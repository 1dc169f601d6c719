"""Reads and writes a profile as JSON with a version."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from pgharness.findings import CannotRun
from pgharness.profile.values import VERSION, Profile

_MAKE_IT = "make it anew: pgharness profile postgresql://… > {path}"


def render_profile(profile: Profile) -> str:
    """Return the profile as the text of a file."""
    return json.dumps(profile.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_profile(path: Path) -> Profile:
    """Read a file that `pgharness profile` has written. Raises CannotRun."""
    mend = _MAKE_IT.format(path=path)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CannotRun(f"The profile {path} is not found.", seen=f"looked for {path.absolute()}", mend=mend) from error
    except (OSError, ValueError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise CannotRun(f"The profile {path} cannot be read.", seen=str(error), mend=mend) from error
    version = told.get("version") if isinstance(told, dict) else None
    if version != VERSION:
        seen = f"version {version!r}; this pgharness reads version {VERSION}"
        raise CannotRun(f"The profile {path} is of another version, or no profile.", seen=seen, mend=mend)
    try:
        return Profile.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CannotRun(f"The profile {path} is incomplete.", seen=f"{place}: {first['msg']}", mend=mend) from error
