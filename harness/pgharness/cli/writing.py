"""Writes what a command was asked to put into a file, and refuses before the work what could not be written after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pgharness.findings import CannotRun

OPTION = "--output FILE"


def require_place(output: Path | None, what: str, named_by: str = OPTION) -> None:
    """Refuse a file whose folder is not there, or that is a folder itself; `what` is to be written, and `named_by` names the file. Raises CannotRun."""
    if output is None:
        return
    folder = output.absolute().parent
    if not folder.is_dir():
        mend = f"make it: mkdir -p {output.parent}; or name another file: {named_by}"
        raise CannotRun(f"Could not write the {what} to {output}.", seen=f"there is no folder {folder}", mend=mend)
    require_no_folder(output, what, named_by)


def require_no_folder(output: Path, what: str, named_by: str = OPTION) -> None:
    """Refuse a file that is a folder. Raises CannotRun."""
    if output.is_dir():
        raise CannotRun(
            f"Could not write the {what} to {output}.", seen="it is a folder", mend=f"name a file in it: {named_by}"
        )


@contextmanager
def writing(output: Path, what: str, named_by: str = OPTION) -> Iterator[None]:
    """Tell what the system refuses while a file is written. Raises CannotRun."""
    try:
        yield
    except OSError as error:
        raise CannotRun(
            f"Could not write the {what} to {output}.",
            seen=error.strerror or type(error).__name__,
            mend=f"name a file that you may write: {named_by}",
        ) from error


def write_output(output: Path, text: str, what: str) -> None:
    """Write the text in place of what is there. Raises CannotRun where the system refuses it."""
    with writing(output, what):
        output.write_text(text, encoding="utf-8")
