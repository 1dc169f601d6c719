"""Why the agent cannot do what it was asked: what failed, what was seen, and the mend to type."""

from __future__ import annotations


class Stop(Exception):  # noqa: N818 - it is told as what could not be run, not as an error of the code
    """The agent cannot go on; the harness raises it as CannotRun."""

    def __init__(self, what: str, *, seen: str, mend: str) -> None:
        super().__init__(what, seen, mend)
        self.what = what
        self.seen = seen
        self.mend = mend


def in_one_line(error: object, limit: int = 600) -> str:
    """Return an error's text on one line, shortened."""
    text = " ".join(str(error).split())
    return text if len(text) <= limit else f"{text[:limit]}…"
