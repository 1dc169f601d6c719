"""What the release before met on the new schema: its statements, what each came to before a revision and after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pgharness.catalog.names import unqualified, unquoted
from pgharness.records.steps import Failure

Session = Literal["fresh", "prepared"]


@dataclass(frozen=True, slots=True)
class OldStatement:
    """A statement of the release before: what it does in words (`inserts a row`), and the relation or function that it is about.

    `about` is the object that it rests on besides, such as the index of an upsert. A made one was made from the catalog that stood
    before; another was given. `is_extreme` says that its values are near the end of their types. `first` makes the row that it is about.
    One that is `positional` names no columns, which an ORM does. One that is only parsed is not carried out on a new session, as one that has `parameters` of which no `values` are known (literals in SQL).
    """

    act: str
    kind: str
    name: str
    sql: str
    first: str = ""
    about: str = ""
    is_made: bool = True
    is_extreme: bool = False
    is_positional: bool = False
    only_parsed: bool = False
    parameters: int = 0
    values: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The object in PostgreSQL's words: `table public.parcel`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the server refused a statement, with what it says of the object: a column, a constraint, a type, each by its name alone."""

    sqlstate: str
    message: str
    column: str = ""
    constraint: str = ""
    table: str = ""
    type_name: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement came to: rows affected or given, the kind of value in each column, and the values of a single row."""

    count: int = 0
    families: tuple[tuple[str, str], ...] = ()
    values: tuple[str | None, ...] = ()
    refusal: Refusal | None = None

    def types_changed(self, after: Answer) -> tuple[tuple[str, str, str], ...]:
        """Return the columns whose values a driver gives to the program as another type: name, before, after."""
        pairs = zip(self.families, after.families, strict=False)
        return tuple((name, was, now) for (name, was), (_, now) in pairs if was != now)

    def values_changed(self, after: Answer) -> tuple[tuple[str, str, str | None], ...]:
        """Return the columns in which a single row has another value: name, before, after. What was NULL may have got one."""
        rows = zip(self.families, self.values, after.values, strict=False)
        return tuple((name, was, now) for (name, _), was, now in rows if was is not None and now != was)


@dataclass(frozen=True, slots=True)
class Broken:
    """A statement that comes to something else since a revision, and in which sessions."""

    revision: str
    statement: OldStatement
    before: Answer
    after: Answer
    session: Session = "fresh"

    @property
    def types_changed(self) -> tuple[tuple[str, str, str], ...]:
        """The columns that are of another type to a driver: name, before, after."""
        return self.before.types_changed(self.after)

    @property
    def values_changed(self) -> tuple[tuple[str, str, str | None], ...]:
        """The columns that have another value: name, before, after."""
        return self.before.values_changed(self.after)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A relation of which the application's role reads fewer rows than there are, since a revision."""

    revision: str
    statement: OldStatement
    read: int
    there: int


@dataclass(frozen=True, slots=True)
class OldReleaseRecord:
    """The revisions on which the release before was tried, and all that came of it.

    `given` are the statements that it is known to send; where there are some, made ones are what it might send besides. `refused` are those of
    them that the schema refuses before the revisions and after them, each with both answers.
    `failure` is why `failed_at` does not run on the rows that the release
    before has written meanwhile. `unmade` says why nothing could be tried. `role` is the application's, empty where it is not named.
    `start_failure` is why it cannot start again on the schema that the last revision leaves, where git has it.
    `secured` are the tables on which row security is since a revision.
    """

    revisions: tuple[str, ...]
    broken: tuple[Broken, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    given: tuple[OldStatement, ...] = ()
    refused: tuple[Broken, ...] = ()
    failed_at: str | None = None
    failure: Failure | None = None
    role: str = ""
    secured: tuple[tuple[str, str], ...] = ()
    unmade: str = ""
    start_failure: Failure | None = None
    had_no_rows: bool = False
    """Whether all tables were empty before the revisions, for they fail on whatever rows are made."""
    is_chosen: bool = False
    """Whether the settings say which revisions are still to be deployed."""

    def is_sent(self, statement: OldStatement) -> bool:
        """Whether the release is known to send it, or nothing is known of it."""
        return not self.given or not statement.is_made

    def is_used(self, name: str) -> bool:
        """Whether the release is known to speak of a relation, or nothing is known of it; told by the name in its statements."""
        bare = unquoted(unqualified(name))
        word = re.compile(rf"(?<![\w$]){re.escape(bare)}(?![\w$])", re.IGNORECASE)
        return not self.given or any(word.search(one.sql) for one in self.given)
