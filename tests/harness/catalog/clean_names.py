"""Clean models of names and schemas: explicit public, other schemas, quotes, other scripts, length, conventions."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from tests.harness.catalog.cleaning import clean

LONG = "a_name_that_is_as_long_as_postgresql_takes_names_to_be_63_bytes"
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


@clean(
    "The schema public said outright",
    "CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (t_id integer REFERENCES public.t);",
    shows="public.u",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("id", Integer, primary_key=True), schema="public")
    Table("u", metadata, Column("t_id", ForeignKey("public.t.id")), schema="public")


@clean(
    "A foreign key into another schema",
    "CREATE TABLE store.t (id serial PRIMARY KEY); CREATE TABLE u (t_id integer REFERENCES store.t);",
    shows="store.t",
    first="CREATE SCHEMA store;",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("id", Integer, primary_key=True), schema="store")
    Table("u", metadata, Column("t_id", ForeignKey("store.t.id")))


@clean(
    "The same names in two schemas",
    "CREATE TABLE store.t (a integer); CREATE TABLE t (a integer); CREATE INDEX ix ON t (a); CREATE INDEX ix ON store.t (a);",
    shows="store.ix",
    first="CREATE SCHEMA store;",
)
def _(metadata: MetaData) -> None:
    for schema in ("store", None):
        table = Table("t", metadata, Column("a", Integer), schema=schema)
        Index("ix", table.c.a)


@clean(
    "Names with capitals, spaces and keywords",
    'CREATE TABLE "My Shop"."Order" ("Id" serial PRIMARY KEY, "select" text); CREATE INDEX "By Select" ON "My Shop"."Order" ("select");',
    shows='"My Shop"."Order"."select"',
    first='CREATE SCHEMA "My Shop";',
)
def _(metadata: MetaData) -> None:
    table = Table("Order", metadata, Column("Id", Integer, primary_key=True), Column("select", Text), schema="My Shop")
    Index("By Select", table.c["select"])


@clean(
    "Names with quotes, dots and percent signs",
    'CREATE TABLE "a""b" ("c.d" text, "%s" text, CONSTRAINT "it\'s" CHECK ("c.d" <> \'\'));',
    shows='"it\'s"',
)
def _(metadata: MetaData) -> None:
    Table('a"b', metadata, Column("c.d", Text), Column("%s", Text), CheckConstraint("\"c.d\" <> ''", name="it's"))


@clean("Names in other scripts", 'CREATE TABLE "größe" ("名前" text, "été" integer UNIQUE);', shows="名前")
def _(metadata: MetaData) -> None:
    Table("größe", metadata, Column("名前", Text), Column("été", Integer, unique=True))


@clean("Names of 63 bytes", f"CREATE TABLE {LONG} (a integer); CREATE INDEX {LONG[:60]}_ix ON {LONG} (a);", shows=LONG)
def _(metadata: MetaData) -> None:
    table = Table(LONG, metadata, Column("a", Integer))
    Index(f"{LONG[:60]}_ix", table.c.a)


@clean(
    "Names by a convention",
    "CREATE TABLE u (id serial CONSTRAINT pk_u PRIMARY KEY); CREATE TABLE t (a integer, u_id integer);"
    "ALTER TABLE t ADD CONSTRAINT ck_t_positive CHECK (a > 0), ADD CONSTRAINT uq_t_a UNIQUE (a),"
    "ADD CONSTRAINT fk_t_u_id_u FOREIGN KEY (u_id) REFERENCES u; CREATE INDEX ix_t_u_id ON t (u_id);",
    shows="ck_t_positive",
)
def _(metadata: MetaData) -> None:
    metadata.naming_convention = CONVENTION
    Table("u", metadata, Column("id", Integer, primary_key=True))
    checks = (CheckConstraint("a > 0", name="positive"), UniqueConstraint("a"))
    Table("t", metadata, Column("a", Integer), Column("u_id", ForeignKey("u.id"), index=True), *checks)


@clean(
    "An enum in another schema, and an array of it",
    "CREATE TYPE store.mood AS ENUM ('a', 'b'); CREATE TABLE t (mood store.mood, moods store.mood[]);",
    shows="store.mood[]",
    first="CREATE SCHEMA store;",
)
def _(metadata: MetaData) -> None:
    mood = Enum("a", "b", name="mood", schema="store", metadata=metadata)
    Table("t", metadata, Column("mood", mood), Column("moods", ARRAY(mood)))


@clean(
    "A table and a column that were renamed",
    "CREATE TABLE old (a integer, b integer); ALTER TABLE old RENAME TO t; ALTER TABLE t RENAME a TO c;",
    shows="public.t.c",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("c", Integer), Column("b", Integer))


@clean(
    "Indexes made in another order",
    "CREATE TABLE t (a integer, b integer); CREATE INDEX by_b ON t (b); CREATE INDEX by_a ON t (a);",
    shows="by_a",
)
def _(metadata: MetaData) -> None:
    table = Table("t", metadata, Column("a", Integer), Column("b", Integer))
    Index("by_a", table.c.a)
    Index("by_b", table.c.b)
