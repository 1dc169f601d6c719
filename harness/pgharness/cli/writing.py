"""Writes what a command was asked to put into a file, and refuses before the work what could not be written after it."""

from __future__ import annotations

from pathlib import Path

from pgharness.findings import CannotRun


def require_place(output: Path | None, what: str) -> None:
    """Refuse a file whose folder is not there, or that is a folder itself; `what` is to be written. Raises CannotRun."""
    if output is None:
        return
    folder = output.absolute().parent
    if not folder.is_dir():
        mend = f"make it: mkdir -p {output.parent}; or name another file: --output FILE"
        raise CannotRun(f"Could not write the {what} to {output}.", seen=f"there is no folder {folder}", mend=mend)
    if output.is_dir():
        raise CannotRun(
            f"Could not write the {what} to {output}.", seen="it is a folder", mend="name a file in it: --output FILE"
        )


def write_output(output: Path, text: str, what: str) -> None:
    """Write the text in place of what is there. Raises CannotRun where the system refuses it."""
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotRun(
            f"Could not write the {what} to {output}.",
            seen=error.strerror or type(error).__name__,
            mend="name a file that you may write: --output FILE",
        ) from error
