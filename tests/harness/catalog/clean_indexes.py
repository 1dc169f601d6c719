"""Clean models of indexes: expressions, predicates and options that tools which compare text stumble over."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    case,
    cast,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import Grouping

from tests.harness.catalog.cleaning import clean

BOOK = "CREATE TABLE book (id serial PRIMARY KEY, title text, state text, body jsonb);"


def _book(metadata: MetaData) -> Table:
    return Table(
        "book",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("title", Text),
        Column("state", Text),
        Column("body", JSONB),
    )


@clean(
    "CASE in an index", BOOK + "CREATE INDEX ix ON book ((CASE WHEN state = 'new' THEN 1 ELSE 0 END));", shows="CASE"
)
def _(metadata: MetaData) -> None:
    state = _book(metadata).c.state
    # An expression that is no call needs brackets of its own, which SQLAlchemy gives to none.
    Index("ix", Grouping(case((state == text("'new'"), text("1")), else_=text("0"))))


@clean(
    "IN in an index's predicate",
    BOOK + "CREATE INDEX ix ON book (title) WHERE state IN ('new', 'sold');",
    shows="= ANY (ARRAY[",
)
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    Index("ix", book.c.title, postgresql_where=book.c.state.in_(["new", "sold"]))


@clean("A cast in an index", BOOK + "CREATE INDEX ix ON book ((title::integer));", shows="(title)::integer")
def _(metadata: MetaData) -> None:
    Index("ix", cast(_book(metadata).c.title, Integer))


@clean(
    "A function in a unique index",
    BOOK + "CREATE UNIQUE INDEX ix ON book USING btree (LOWER(title));",
    shows="lower(title)",
)
def _(metadata: MetaData) -> None:
    Index("ix", func.lower(_book(metadata).c.title), unique=True)


@clean(
    "COALESCE and an order in an index",
    BOOK + "CREATE INDEX ix ON book (coalesce(title, ''), state DESC NULLS LAST);",
    shows="NULLS LAST",
)
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    Index("ix", func.coalesce(book.c.title, text("''")), book.c.state.desc().nulls_last())


@clean("A JSON path in an index", BOOK + "CREATE INDEX ix ON book ((body ->> 'author'));", shows="->>")
def _(metadata: MetaData) -> None:
    _book(metadata).append_constraint(Index("ix", text("(body ->> 'author')")))


@clean(
    "An operator class in a GIN index",
    BOOK + "CREATE INDEX ix ON book USING gin (body jsonb_path_ops);",
    shows="jsonb_path_ops",
)
def _(metadata: MetaData) -> None:
    Index("ix", _book(metadata).c.body, postgresql_using="gin", postgresql_ops={"body": "jsonb_path_ops"})


@clean(
    "Included columns and a fillfactor",
    BOOK + "CREATE INDEX ix ON book (title) INCLUDE (state); ALTER INDEX ix SET (fillfactor = 70);",
    shows="INCLUDE (state) WITH",
)
def _(metadata: MetaData) -> None:
    Index("ix", _book(metadata).c.title, postgresql_include=["state"], postgresql_with={"fillfactor": 70})


@clean("A collation in an index", BOOK + 'CREATE INDEX ix ON book (title COLLATE "C");', shows='COLLATE "C"')
def _(metadata: MetaData) -> None:
    Index("ix", _book(metadata).c.title.collate("C"))


@clean(
    "BETWEEN in an index's predicate",
    BOOK + "CREATE INDEX ix ON book (title) WHERE id >= 1 AND id <= 5;",
    shows="WHERE ((id >= 1)",
)
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    Index("ix", book.c.title, postgresql_where=book.c.id.between(1, 5))


@clean(
    "A constant in an index, as for a table of one row",
    BOOK + "CREATE UNIQUE INDEX ix ON book ((1)) WHERE state = 'only';",
    shows="((1))",
)
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    book.append_constraint(Index("ix", text("(1)"), unique=True, postgresql_where=text("state = 'only'")))


@clean("An index that PostgreSQL names", BOOK + "CREATE INDEX ON book (state, title);", shows="book_state_title_idx")
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    Index("book_state_title_idx", book.c.state, book.c.title)


@clean(
    "A unique index that takes nulls for equal, beside a UNIQUE that does not",
    BOOK
    + "ALTER TABLE book ADD CONSTRAINT ix UNIQUE (title); CREATE UNIQUE INDEX by_state ON book (state) NULLS NOT DISTINCT;",
    shows="NULLS NOT DISTINCT",
)
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    book.append_constraint(UniqueConstraint("title", name="ix"))
    Index("by_state", book.c.state, unique=True, postgresql_nulls_not_distinct=True)


@clean(
    "Conditions nested by BETWEEN, which PostgreSQL prints otherwise once it has read its own print",
    BOOK
    + """
    ALTER TABLE book ADD CONSTRAINT ck CHECK (id BETWEEN 1 AND 9 AND title <> '(a) AND (b' AND state > 'a');
    CREATE INDEX ix ON book (title) WHERE id BETWEEN 1 AND 9 AND (title > 'a' OR state BETWEEN SYMMETRIC 'a' AND 'z');
    """,
    shows="((id >= 1) AND (id <= 9) AND (",
)
def _(metadata: MetaData) -> None:
    book = _book(metadata)
    condition = "id BETWEEN 1 AND 9 AND title <> '(a) AND (b' AND state > 'a'"
    book.append_constraint(CheckConstraint(condition, name="ck"))
    predicate = "id BETWEEN 1 AND 9 AND (title > 'a' OR state BETWEEN SYMMETRIC 'a' AND 'z')"
    Index("ix", book.c.title, postgresql_where=text(predicate))
