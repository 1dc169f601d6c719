"""Reads a database's sizes and settings and writes them as a profile."""

from __future__ import annotations

import sys
from pathlib import Path

from pgharness.cli.writing import require_place, write_output
from pgharness.profile import read_profile, render_profile
from pgharness.profile.reading import take_profile
from pgharness.servers import connect_given


def read_and_write_profile(url: str, earlier: Path | None, output: Path | None, *, statements: bool) -> None:
    """Write the profile of the database at a URL; what it could not know goes to standard error. Raises CannotRun."""
    require_place(output, "profile")
    before = read_profile(earlier) if earlier is not None else None
    # None of our own limits: what is in force for any session is to be read.
    with connect_given(url, options="") as connection:
        reading = take_profile(connection, statements=statements, earlier=before)
    text = render_profile(reading.profile)
    if output is None:
        sys.stdout.write(text)
    else:
        write_output(output, text, "profile")
    for one in reading.missing:
        print(f"note: {one}", file=sys.stderr)
