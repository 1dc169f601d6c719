"""Puts rows into the tables of a stretch beside those that fill them, and takes them away: of literals, and of what one schema admits and another does not."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

import psycopg
from psycopg import sql

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.chain.contents import ContentsReader
from pgharness.chain.sources import source
from pgharness.records.contents import Contents, TableContents
from pgharness.records.revisions import Revision
from pgharness.rows import Words, add_literal_rows
from pgharness.servers import Connection
from pgharness.walk.held_contents import HeldContents
from pgharness.walk.newer_row import NewerRow
from pgharness.walk.newer_rows import admitted, put_in, told_by
from pgharness.walk.open_checks import OpenCheck, lifted

MOST_REFUSING_ROWS = 1000
"""A table of more rows gets none that an upgrade may refuse, where contents are not wanted otherwise."""

MOST_OF_LITERALS = 12
"""So many rows of the literals of revisions a table keeps for those behind them."""

Keys = frozenset[tuple[str | None, ...]]


class RowsPutIn:
    """The rows of one database that are there for the next step, or for those behind it; `words` are what columns of texts may hold.

    Where nobody `fills` tables, or wants contents, none are put in but those that an upgrade may refuse.
    """

    def __init__(
        self,
        observer: Connection,
        catalog: Reader,
        contents: HeldContents,
        words: Words,
        leave_out: Collection[str],
        *,
        fills: bool,
    ) -> None:
        self._observer = observer
        self._catalog = catalog
        self._contents = contents
        self._words = words
        self._leave_out = tuple(leave_out)
        self._fills = fills
        self._of_literals: dict[str, list[tuple[str | None, ...]]] = {}
        self._newer: Mapping[str, Keys] = {}
        self._newer_reader: ContentsReader | None = None
        self.are_kept = False
        """Whether some could not be taken away."""

    @property
    def are_of_literals(self) -> bool:
        """Whether some stand there that have the literals of a revision."""
        return any(self._of_literals.values())

    def put_in_of_literals(self, revision: Revision) -> None:
        """Put in rows of the literals that a revision compares or writes; those of revisions before it go where there are many."""
        held = self._contents.now() if self._fills else None
        if held is None:
            return
        for table in held.tables:
            own = self._of_literals.get(table.name, [])
            if len(own) > MOST_OF_LITERALS:
                _delete(self._observer, table, own)
                self._contents.forget()
                self._of_literals[table.name] = []
        if add_literal_rows(self._observer, source(revision), leave_out=self._leave_out, words=self._words):
            known = {one.name: one.keys() for one in held.tables}
            now = self._contents.read()
            self._contents.keep(now)
            for table in now.tables if now is not None else ():
                new = sorted(table.keys() - known.get(table.name, frozenset()), key=str)
                self._of_literals.setdefault(table.name, []).extend(new)

    def put_in_newer(self, before: Snapshot, after: Snapshot) -> tuple[str, ...]:
        """Put rows into tables with a key that only the schema `after`, which stands now, admits, and return them in words.

        The next step meets them, and behind it they are to be taken away.
        """
        if self._contents.reader is None or not self._fills:
            return ()
        return self._put_in(self._contents.reader, tuple(admitted(before, after, self._observer)))

    def put_in_refused(
        self, before: Snapshot, after: Snapshot, open_checks: Sequence[OpenCheck] = ()
    ) -> tuple[str, ...]:
        """Put rows into tables with a key that an upgrade from the schema `before` to that `after` it may refuse, and return them in words.

        What is known of a column's values comes first; rows of before the `open_checks` may violate these. The next step meets them, and
        behind it they are to be taken away.
        """
        reader = self._contents.reader or ContentsReader(self._leave_out, MOST_REFUSING_ROWS)
        found = admitted(after, before, self._observer, plain_keys=False)
        told = tuple(one for one in found if told_by(self._words, one))
        with lifted(self._observer, open_checks):
            made = self._put_in(reader, told)
        return made if not open_checks or self._catalog.read() == before else ()

    def _put_in(self, reader: ContentsReader, found: Sequence[NewerRow]) -> tuple[str, ...]:
        if not found:
            return ()
        held = self._contents.read_by(reader)
        made = put_in(self._observer, [one for one in found if _has_key(held, one.table)], self._words)
        if made:
            now = reader.read(self._observer)
            known = {one.name: one.keys() for one in held.tables}
            self._newer = {one.name: one.keys() - known.get(one.name, frozenset()) for one in now.tables}
            self._newer_reader = reader
            # A trigger may have written elsewhere, which is then not the downgrade's doing.
            self._contents.keep(Contents(tuple(one.without(self._newer[one.name]) for one in now.tables)))
        return tuple(dict.fromkeys(f"{one.table}: {one.why}" for one in made))

    def take_away(self) -> Contents | None:
        """Delete what the last step has met of these by their keys, wherever they are, and return the contents without them.

        Where that is refused, some `are_kept`.
        """
        newer, reader = {name: keys for name, keys in self._newer.items() if keys}, self._newer_reader
        self._newer = {}
        if not newer or reader is None:
            return self._contents.read()
        left = reader.read(self._observer)
        tables = [(table, keys) for name, keys in newer.items() if (table := left.table(name)) is not None]
        for _ in tables:  # a row that another one refers to goes after that
            for table, keys in tables:
                _delete(self._observer, table, keys)
        now = reader.read(self._observer)
        self.are_kept |= any(one.keys() & newer.get(one.name, frozenset()) for one in now.tables)
        rest = Contents(tuple(one.without(newer.get(one.name, frozenset())) for one in now.tables))
        return rest if self._contents.reader is not None else None


def _delete(connection: Connection, table: TableContents, keys: Collection[tuple[str | None, ...]]) -> None:
    conditions = sql.SQL(" AND ").join(sql.SQL("{}::text = %s").format(sql.SQL(name)) for name in table.key)
    query = sql.SQL("DELETE FROM {} WHERE {}").format(sql.SQL(table.name), conditions)
    for key in keys if table.key else ():
        with contextlib.suppress(psycopg.Error):
            connection.execute(query, key)


def _has_key(held: Contents, table: str) -> bool:
    found = held.table(table)
    return found is not None and bool(found.key)
