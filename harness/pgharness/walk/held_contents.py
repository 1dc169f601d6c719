"""Keeps what the tables of a database hold, as it was last read, so that nothing is read twice in which nobody has written meanwhile."""

from __future__ import annotations

from pgharness.chain.contents import ContentsReader
from pgharness.records.contents import Contents
from pgharness.servers import Connection


class HeldContents:
    """The contents of one database; without a `reader` nobody wants them, and nothing is read."""

    def __init__(self, observer: Connection, reader: ContentsReader | None) -> None:
        self._observer = observer
        self.reader = reader
        self._held: Contents | None = None

    def now(self) -> Contents | None:
        """Return what the tables hold; None where nobody wants it."""
        if self._held is None:
            self._held = self.read()
        return self._held

    def read(self) -> Contents | None:
        """Read what the tables hold, whatever is known of it."""
        return self.reader.read(self._observer) if self.reader is not None else None

    def keep(self, contents: Contents | None) -> None:
        """Take this for what the tables hold."""
        self._held = contents

    def forget(self) -> None:
        """Know nothing any more, for somebody has written."""
        self._held = None

    def read_by(self, reader: ContentsReader) -> Contents:
        """Return what the tables hold, read by this reader where it is not known."""
        return self._held or reader.read(self._observer)
