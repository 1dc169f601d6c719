"""Clean models of columns: defaults, generation, identity and types that people write in more than one way."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    DDL,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    Float,
    Identity,
    Integer,
    Interval,
    MetaData,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import CIDR, DOMAIN, JSONB, TSRANGE

from tests.harness.catalog.cleaning import clean


@clean(
    "JSON defaults",
    "CREATE TABLE t (body jsonb DEFAULT '{\"a\": [1, 2]}'::jsonb NOT NULL, more json DEFAULT '{}');",
    shows='{"a": [1, 2]}',
)
def _(metadata: MetaData) -> None:
    body = Column("body", JSONB, nullable=False, server_default=text("""'{"a": [1, 2]}'"""))
    Table("t", metadata, body, Column("more", JSON, server_default="{}"))


@clean(
    "A default from a sequence of its own",
    "CREATE SEQUENCE numbers; CREATE TABLE t (number bigint DEFAULT nextval('numbers'));",
    shows="nextval('public.numbers'",
)
def _(metadata: MetaData) -> None:
    numbers = Sequence("numbers", metadata=metadata)
    Table("t", metadata, Column("number", BigInteger, numbers, server_default=numbers.next_value()))


@clean(
    "Serial columns, in two sizes",
    "CREATE TABLE t (id bigserial PRIMARY KEY, other smallserial NOT NULL);",
    shows="t_other_seq",
)
def _(metadata: MetaData) -> None:
    other = Column(
        "other",
        SmallInteger,
        Sequence("t_other_seq", data_type=SmallInteger),
        nullable=False,
        server_default=text("nextval('t_other_seq')"),
    )
    table = Table("t", metadata, Column("id", BigInteger, primary_key=True), other)
    event.listen(table, "after_create", DDL("ALTER SEQUENCE t_other_seq OWNED BY t.other"))


@clean(
    "Defaults that are keywords",
    "CREATE TABLE t (at timestamptz DEFAULT CURRENT_TIMESTAMP, day date DEFAULT CURRENT_DATE);",
    shows="CURRENT_DATE",
)
def _(metadata: MetaData) -> None:
    at = Column("at", DateTime(timezone=True), server_default=func.current_timestamp())
    Table("t", metadata, at, Column("day", Date, server_default=text("current_date")))


@clean(
    "Volatile defaults",
    "CREATE TABLE t (luck double precision DEFAULT random(), key uuid DEFAULT gen_random_uuid());",
    shows="random()",
)
def _(metadata: MetaData) -> None:
    luck = Column("luck", Float(53), server_default=text("RANDOM()"))
    Table("t", metadata, luck, Column("key", Uuid, server_default=func.gen_random_uuid()))


@clean(
    "Defaults that are cast",
    "CREATE TABLE t (label varchar(20) DEFAULT 'a', flag boolean DEFAULT 't', amount numeric(8,2) DEFAULT 1.50);",
    shows="'a'::character varying",
)
def _(metadata: MetaData) -> None:
    Table(
        "t",
        metadata,
        Column("label", String(20), server_default="a"),
        Column("flag", Boolean, server_default=text("'t'")),
        Column("amount", Numeric(8, 2), server_default=text("1.50")),
    )


@clean(
    "Arrays and their defaults",
    "CREATE TABLE t (tags text[] DEFAULT '{}', grid integer[] DEFAULT ARRAY[1, 2]);",
    shows="ARRAY[1, 2]",
)
def _(metadata: MetaData) -> None:
    tags: Column[list[str]] = Column("tags", ARRAY(Text), server_default="{}")
    Table("t", metadata, tags, Column("grid", ARRAY(Integer), server_default=text("ARRAY[1,2]")))


@clean(
    "A computed column that is stored",
    "CREATE TABLE t (price numeric, taxed numeric GENERATED ALWAYS AS (price * 1.2) STORED);",
    shows="STORED",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("price", Numeric), Column("taxed", Numeric, Computed("price*1.2", persisted=True)))


@clean(
    "A computed column that is virtual",
    "CREATE TABLE t (price numeric, taxed numeric GENERATED ALWAYS AS (price * 1.2));",
    shows="VIRTUAL",
    since=18,
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("price", Numeric), Column("taxed", Numeric, Computed("price*1.2", persisted=False)))


@clean(
    "An identity with options",
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START 100 CACHE 5), PRIMARY KEY (id));",
    shows="always",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("id", BigInteger, Identity(always=True, start=100, cache=5), primary_key=True))


@clean(
    "An enum with a default and a quote in a label",
    "CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); CREATE TABLE t (mood mood DEFAULT 'sad' NOT NULL);",
    shows="'it''s ok'",
)
def _(metadata: MetaData) -> None:
    mood = Enum("sad", "it's ok", name="mood", metadata=metadata)
    Table("t", metadata, Column("mood", mood, nullable=False, server_default="sad"))


@clean(
    "A domain with an unnamed CHECK",
    "CREATE DOMAIN mail AS text CHECK (VALUE ~ '@'); CREATE TABLE t (mail mail);",
    shows="mail_check",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("mail", DOMAIN("mail", Text(), check="VALUE ~ '@'", metadata=metadata)))


@clean(
    "A collation and types of PostgreSQL's own",
    'CREATE TABLE t (name text COLLATE pg_catalog."C", net cidr, during tsrange, wait interval);',
    shows='pg_catalog."C"',
)
def _(metadata: MetaData) -> None:
    name = Column("name", Text(collation="C"))
    Table("t", metadata, name, Column("net", CIDR), Column("during", TSRANGE), Column("wait", Interval))


@clean(
    "Comments with quotes, percent signs and line breaks",
    "CREATE TABLE t (a int, b int); COMMENT ON TABLE t IS 'it''s :odd %'; COMMENT ON COLUMN t.b IS E'two\\nlines';",
    shows="two\nlines",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer), Column("b", Integer, comment="two\nlines"), comment="it's :odd %")


@clean(
    "Unnamed CHECKs",
    "CREATE TABLE t (a integer); ALTER TABLE t ADD CHECK (a > 0 AND a <> 7), ADD CHECK (a < 100);",
    shows="t_a_check1",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer), CheckConstraint("a > 0 AND a != 7"), CheckConstraint("a < 100"))


@clean(
    "IN and LIKE in a CHECK",
    "CREATE TABLE t (a text, CONSTRAINT odd CHECK (a IN ('x', 'y') OR a LIKE '%:z'));",
    shows="~~ '%:z'",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Text), CheckConstraint(r"a IN ('x', 'y') OR a LIKE '%\:z'", name="odd"))


@clean(
    "NOT NULL that came later",
    "CREATE TABLE t (a integer, b integer); ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET NOT NULL;",
    shows="true",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer, nullable=False), Column("b", Integer, nullable=False))


@clean(
    "A table that lost a column on its way",
    "CREATE TABLE t (a integer, gone integer, c integer); ALTER TABLE t DROP gone, ADD b text; ALTER TABLE t ADD d text;",
    shows="d",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer), Column("c", Integer), Column("b", Text), Column("d", Text))


@clean(
    "A column that changed its type twice",
    "CREATE TABLE t (a varchar(5)); ALTER TABLE t ALTER a TYPE varchar(9); ALTER TABLE t ALTER a TYPE text;",
    shows="text",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Text))


@clean(
    "A default that changed",
    "CREATE TABLE t (a integer DEFAULT 5); ALTER TABLE t ALTER a DROP DEFAULT; ALTER TABLE t ALTER a SET DEFAULT 7;",
    shows="7",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer, server_default="7"))
