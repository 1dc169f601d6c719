"""Clean models of keys and tables: foreign keys, exclusion, time, partitions, inheritance."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, INT4RANGE, TSRANGE, ExcludeConstraint

from tests.harness.catalog.cleaning import clean

PARENT = "CREATE TABLE parent (id serial PRIMARY KEY);"
GIST = "CREATE EXTENSION btree_gist;"


def _parent(metadata: MetaData) -> None:
    Table("parent", metadata, Column("id", Integer, primary_key=True))


@clean(
    "An unnamed foreign key",
    PARENT + "CREATE TABLE child (parent_id integer REFERENCES parent);",
    shows="child_parent_id_fkey",
)
def _(metadata: MetaData) -> None:
    _parent(metadata)
    Table("child", metadata, Column("parent_id", ForeignKey("parent.id")))


@clean(
    "A foreign key with every option",
    PARENT + "CREATE TABLE child (parent_id integer);"
    "ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;",
    shows="DEFERRABLE INITIALLY DEFERRED",
)
def _(metadata: MetaData) -> None:
    _parent(metadata)
    key = ForeignKey("parent.id", ondelete="SET NULL", onupdate="CASCADE", deferrable=True, initially="DEFERRED")
    Table("child", metadata, Column("parent_id", key))


@clean(
    "A foreign key that was validated later",
    PARENT + "CREATE TABLE child (parent_id integer);"
    "ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parent NOT VALID; ALTER TABLE child VALIDATE CONSTRAINT fk;",
    shows="fk",
)
def _(metadata: MetaData) -> None:
    _parent(metadata)
    Table("child", metadata, Column("parent_id", ForeignKey("parent.id", name="fk")))


@clean(
    "Two tables that refer to each other",
    "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id serial PRIMARY KEY, a_id integer REFERENCES a);"
    "ALTER TABLE a ADD b_id integer, ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b;",
    shows="a_b",
)
def _(metadata: MetaData) -> None:
    Table(
        "a",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("b_id", ForeignKey("b.id", name="a_b", use_alter=True)),
    )
    Table("b", metadata, Column("id", Integer, primary_key=True), Column("a_id", ForeignKey("a.id")))


@clean(
    "A table that refers to itself",
    "CREATE TABLE tree (id serial PRIMARY KEY, up integer REFERENCES tree ON DELETE CASCADE);",
    shows="REFERENCES public.tree(id)",
)
def _(metadata: MetaData) -> None:
    Table(
        "tree",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("up", ForeignKey("tree.id", ondelete="CASCADE")),
    )


@clean(
    "Keys over two columns, not in the order of the table",
    "CREATE TABLE p (a integer, b integer, PRIMARY KEY (b, a)); CREATE TABLE c (x integer, y integer, FOREIGN KEY (y, x) REFERENCES p (b, a));",
    shows="PRIMARY KEY (b, a)",
)
def _(metadata: MetaData) -> None:
    Table("p", metadata, Column("a", Integer), Column("b", Integer), PrimaryKeyConstraint("b", "a"))
    Table("c", metadata, Column("x", Integer), Column("y", Integer), ForeignKeyConstraint(["y", "x"], ["p.b", "p.a"]))


@clean(
    "A UNIQUE made of an index",
    "CREATE TABLE t (a integer); CREATE UNIQUE INDEX key ON t (a); ALTER TABLE t ADD CONSTRAINT key UNIQUE USING INDEX key;",
    shows="UNIQUE (a)",
)
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer), UniqueConstraint("a", name="key"))


@clean("Unnamed UNIQUEs", "CREATE TABLE t (a integer UNIQUE, b integer, UNIQUE (b, a));", shows="t_b_a_key")
def _(metadata: MetaData) -> None:
    Table("t", metadata, Column("a", Integer, unique=True), Column("b", Integer), UniqueConstraint("b", "a"))


@clean(
    "An exclusion constraint with a predicate",
    "CREATE TABLE t (room integer, during tsrange);"
    "ALTER TABLE t ADD CONSTRAINT once EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0);",
    shows="EXCLUDE USING gist",
    first=GIST,
)
def _(metadata: MetaData) -> None:
    once = ExcludeConstraint(("room", "="), ("during", "&&"), name="once", where=text("room > 0"))
    Table("t", metadata, Column("room", Integer), Column("during", TSRANGE), once)


@clean(
    "A temporal primary key",
    "CREATE TABLE t (room int4range, during daterange, CONSTRAINT t_pkey PRIMARY KEY (room, during WITHOUT OVERLAPS));",
    shows="WITHOUT OVERLAPS",
    first=GIST,
    since=18,
)
def _(metadata: MetaData) -> None:
    table = Table("t", metadata, Column("room", INT4RANGE, nullable=False), Column("during", DATERANGE, nullable=False))
    event.listen(
        table, "after_create", DDL("ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY (room, during WITHOUT OVERLAPS)")
    )


@clean(
    "A partition that was attached, with its index",
    "CREATE TABLE t (at date NOT NULL, n integer) PARTITION BY RANGE (at); CREATE INDEX ix ON t (n);"
    "CREATE TABLE t_2025 (at date CONSTRAINT t_at_not_null NOT NULL, n integer); CREATE INDEX t_2025_n_idx ON t_2025 (n);"
    "ALTER TABLE t ATTACH PARTITION t_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
    shows="RANGE (at)",
)
def _(metadata: MetaData) -> None:
    table = Table(
        "t", metadata, Column("at", Date, nullable=False), Column("n", Integer), postgresql_partition_by="RANGE (at)"
    )
    Index("ix", table.c.n)
    partition = "CREATE TABLE t_2025 PARTITION OF t FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
    event.listen(metadata, "after_create", DDL(partition))


@clean(
    "Hash partitions, made in another order",
    "CREATE TABLE t (id integer PRIMARY KEY, n integer) PARTITION BY HASH (id);"
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1); CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);",
    shows="t_0_pkey",
)
def _(metadata: MetaData) -> None:
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("n", Integer),
        postgresql_partition_by="HASH (id)",
    )
    for number in (0, 1):
        partition = f"CREATE TABLE t_{number} PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER {number})"
        event.listen(metadata, "after_create", DDL(partition))


@clean(
    "A table that inherits",
    "CREATE TABLE base (id integer); CREATE TABLE more (extra text) INHERITS (base);",
    shows="public.base",
)
def _(metadata: MetaData) -> None:
    Table("base", metadata, Column("id", Integer))
    event.listen(metadata, "after_create", DDL("CREATE TABLE more (extra text) INHERITS (base)"))


@clean(
    "An unlogged table with storage parameters",
    "CREATE UNLOGGED TABLE t (a text) WITH (fillfactor = 50, autovacuum_enabled = false);",
    shows="unlogged",
)
def _(metadata: MetaData) -> None:
    options = {"fillfactor": 50, "autovacuum_enabled": "false"}
    Table("t", metadata, Column("a", Text), prefixes=["UNLOGGED"], postgresql_with=options)


@clean(
    "A trigger beside the models",
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$; CREATE TABLE t (a text);"
    "CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE touch();",
    shows="EXECUTE FUNCTION public.touch()",
)
def _(metadata: MetaData) -> None:
    table = Table("t", metadata, Column("a", Text))
    function = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$"
    event.listen(table, "before_create", DDL(function))
    trigger = "CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()"
    event.listen(table, "after_create", DDL(trigger))


@clean(
    "A view beside the models",
    "CREATE TABLE t (a integer, b text); CREATE VIEW v AS SELECT t.a, upper(b) AS b FROM t WHERE a IN (1, 2);",
    shows="ANY (ARRAY[1, 2])",
)
def _(metadata: MetaData) -> None:
    table = Table("t", metadata, Column("a", Integer), Column("b", Text))
    view = "create view public.v as select a, upper(t.b) as b from public.t where t.a = any (array[1, 2])"
    event.listen(table, "after_create", DDL(view))
