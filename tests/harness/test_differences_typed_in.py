"""What `drift` and `enums` tell of objects that only the chain has, of properties and of types, typed in, ends it, and nothing else is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.catalog.proposing.casts import is_written_anew
from pgharness.databases import Database
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import WITH_A_TABLE, Revision, sql, table
from tests.harness.runs import told
from tests.harness.typed import (
    add_mends,
    add_revisions,
    add_settings,
    code_of,
    declarations_of,
    folder_of,
    refuse_there,
    settings_of,
    type_into_downgrades,
    way_back_of,
)

MAKES = table("thing", "id serial PRIMARY KEY, a int, b text NOT NULL")
CHECKS = ("upgrade", "drift", "enums", "autogenerate", "roundtrip", "locks", "crash", "data", "compat", "declarations")
VIEW, FUNCTION = "CREATE VIEW v AS SELECT a FROM thing", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
# What the chain has more than the models, the finding's code, and what takes it back.
DIFFERENT = {
    "a check": ("ALTER TABLE thing ADD CHECK (a > -5)", "ALTER TABLE thing DROP CONSTRAINT thing_a_check"),
    "a unique constraint": ("ALTER TABLE thing ADD UNIQUE (a)", "ALTER TABLE thing DROP CONSTRAINT thing_a_key"),
    "an index": ("CREATE INDEX thing_a ON thing (a)", "DROP INDEX thing_a"),
    "a column": ("ALTER TABLE thing ADD c text", "ALTER TABLE thing DROP c"),
    "a table": ("CREATE TABLE other (id int PRIMARY KEY)", "DROP TABLE other"),
    "a view": (VIEW, "DROP VIEW v"),
    "a type": ("CREATE TYPE kind AS ENUM ('x')", "DROP TYPE kind"),
    "a sequence": ("CREATE SEQUENCE numbers", "DROP SEQUENCE numbers"),
    "a function": (FUNCTION, "DROP FUNCTION f()"),
    "a comment": ("COMMENT ON TABLE thing IS 'it''s 5%'", "COMMENT ON TABLE thing IS NULL"),
    "a column's comment": ("COMMENT ON COLUMN thing.a IS 'a: b'", "COMMENT ON COLUMN thing.a IS NULL"),
    "a grant": ("GRANT SELECT ON thing TO PUBLIC", "REVOKE SELECT ON thing FROM PUBLIC"),
    "a storage parameter": ("ALTER TABLE thing SET (fillfactor = 70)", "ALTER TABLE thing RESET (fillfactor)"),
    "row security": ("ALTER TABLE thing ENABLE ROW LEVEL SECURITY", "ALTER TABLE thing DISABLE ROW LEVEL SECURITY"),
    "unlogged": ("ALTER TABLE thing SET UNLOGGED", "ALTER TABLE thing SET LOGGED"),
    "a storage": ("ALTER TABLE thing ALTER b SET STORAGE MAIN", "ALTER TABLE thing ALTER b SET STORAGE EXTENDED"),
    "statistics": ("ALTER TABLE thing ALTER b SET STATISTICS 7", "ALTER TABLE thing ALTER b SET STATISTICS -1"),
    "a replica identity": ("ALTER TABLE thing REPLICA IDENTITY FULL", "ALTER TABLE thing REPLICA IDENTITY DEFAULT"),
    "a sequence's step": ("ALTER SEQUENCE thing_id_seq INCREMENT 5", "ALTER SEQUENCE thing_id_seq INCREMENT 1"),
}
# Where the models' side has it too, but otherwise.
CHANGED = {
    "a view's text": (VIEW, VIEW.replace("SELECT a", "SELECT a + 1 AS a"), "DROP VIEW v"),
    "a function's text": (FUNCTION, FUNCTION.replace("1", "2"), "DROP FUNCTION f()"),
    "a sequence's end": ("CREATE SEQUENCE n", "CREATE SEQUENCE n MAXVALUE 900", "DROP SEQUENCE n"),
}
BY_HAND = ("a view", "a function", "a grant", "row security")
MAY_WAIT = 'allow = {"locks": "the table is small"}'
Judge = Callable[..., Run]
Again = Callable[..., Report]


def models(columns: str = 'Column("a", Integer), Column("b", Text, nullable=False)', beside: str = "") -> str:
    """Return an env.py whose models have these columns, and what SQL makes beside them."""
    env = WITH_A_TABLE.format(
        name="thing", types="DDL, BigInteger, Column, DateTime, Enum, Integer, Numeric, Text, event", columns=columns
    )
    made = f'event.listen(metadata, "after_create", DDL({beside.replace("%", "%%")!r}))\n' if beside else ""
    return env.replace("engine = create_engine", f"{made}engine = create_engine", 1)


def extra(up: str, down: str) -> Revision:
    """Return the revision whose work the models lack."""
    return Revision("extra", sql(up), sql(down), f"{MAY_WAIT}\nafter_deploy = 'so that it is not judged'")


def mended(report: Report, judge_again: Again, **options: object) -> list[tuple[str, str, str, str]]:
    """Type in what is told, up and down, and of enums what is told then of a downgrade that does nothing; give what is still found."""
    add_mends(report, report.findings, "write a revision")
    if {one.check for one in report.findings} == {"enums"}:
        told_back = judge_again(report, only=("roundtrip",), **options).findings
        type_into_downgrades(report, [one for one in told_back if one.code in {"PGH-R004", "PGH-R005"}])
    again = judge_again(report, only=CHECKS, **options)
    refusing = [one for one in again.findings if one.code == "PGH-V011"]
    if refusing:
        refuse_there(report, refusing)
        again = judge_again(report, only=CHECKS, **options)
    found = again.findings
    return told(one for one in found if one.revision != "extra")


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_only_the_chain_has_is_taken_away(name: str, judge_chain: Judge, judge_again: Again) -> None:
    report = judge_chain(MAKES, extra(*DIFFERENT[name]), env=models(), only=("drift",)).report

    assert {one.code for one in report.findings} <= {"PGH-D002", "PGH-D008"}
    assert report.findings
    assert mended(report, judge_again) == []


@pytest.mark.parametrize("name", CHANGED)
def test_what_the_models_have_otherwise_becomes_as_they_say(name: str, judge_chain: Judge, judge_again: Again) -> None:
    made, wanted, down = CHANGED[name]
    report = judge_chain(MAKES, extra(made, down), env=models(beside=wanted), only=("drift",)).report

    assert [one.code for one in report.findings] == ["PGH-D008"]
    assert mended(report, judge_again) == []


def test_what_may_be_null_in_the_chain_alone_is_forbidden_once_no_release_stores_it(
    judge_chain: Judge, judge_again: Again
) -> None:
    env = models('Column("a", Integer, nullable=False), Column("b", Text, nullable=False)')
    report = judge_chain(MAKES, env=env, only=("drift",)).report

    (found,) = report.findings
    assert found.code == "PGH-D005"
    assert "beside upgrade(): after_deploy = " in found.mend
    assert mended(report, judge_again) == []


def test_what_may_be_null_in_the_models_alone_needs_no_release_to_be_gone(
    judge_chain: Judge, judge_again: Again
) -> None:
    env = models('Column("a", Integer), Column("b", Text)')
    report = judge_chain(MAKES, env=env, only=("drift",)).report

    (found,) = report.findings
    assert (found.code, "after_deploy" in found.mend) == ("PGH-D005", False)
    assert mended(report, judge_again) == []


@pytest.mark.parametrize("name", BY_HAND)
def test_what_is_left_to_the_chain_is_told_no_more(name: str, judge_chain: Judge, judge_again: Again) -> None:
    report = judge_chain(MAKES, extra(*DIFFERENT[name]), env=models(), only=("drift",)).report

    add_settings(report, *map(settings_of, report.findings))

    assert told(judge_again(report, only=("drift", "declarations")).findings) == []


@pytest.mark.parametrize("strict", [(), ("not null names",)], ids=["by default", "strict"])
def test_a_not_null_that_is_called_otherwise_gets_the_name(
    strict: tuple[str, ...], judge_chain: Judge, judge_again: Again
) -> None:
    renames = Revision(
        "extra",
        sql("ALTER TABLE thing RENAME b TO c"),
        sql("ALTER TABLE thing RENAME c TO b"),
        "after_deploy = 'so that it is not judged'",
    )
    env = models('Column("a", Integer), Column("c", Text, nullable=False)')
    report = judge_chain(MAKES, renames, env=env, only=("drift",), strict=("not null names",)).report

    assert [one.code for one in report.findings] == ["PGH-D012"]
    assert mended(report, judge_again, strict=strict) == []


RETYPED = {
    "int": "BigInteger",
    "text": "Integer",
    "varchar(9)": "Text",
    "numeric(10,2)": "Numeric(12, 2)",
    "numeric(12,2)": "Numeric(14, 3)",
    "timestamp": "DateTime(timezone=True)",
    "bigint": "Text",
    "json": "Text",
}


@pytest.mark.parametrize("before", RETYPED)
def test_a_column_gets_the_type_that_the_models_have(before: str, judge_chain: Judge, judge_again: Again) -> None:
    made = table("thing", f"id serial PRIMARY KEY, a {before}")
    report = judge_chain(made, env=models(f'Column("a", {RETYPED[before]})'), only=("drift",)).report

    assert [one.code for one in report.findings] == ["PGH-D003"]
    assert mended(report, judge_again) == []


@pytest.mark.parametrize("column", ["b text NOT NULL", "b varchar(9)", "b text NOT NULL DEFAULT 'x'"])
def test_a_type_for_a_python_enum_is_made_and_leads_its_column_over(
    column: str, judge_chain: Judge, judge_again: Again
) -> None:
    made = table("thing", f"id serial PRIMARY KEY, a int, {column}")
    nullable = "NOT NULL" not in column
    default = ', server_default="x"' if "DEFAULT" in column else ""
    env = models(f'Column("a", Integer), Column("b", Enum("x", "y", name="mood"), nullable={nullable}{default})')
    report = judge_chain(made, env=env, only=("enums",)).report

    assert [one.code for one in report.findings] == ["PGH-E001"]
    assert mended(report, judge_again) == []


def test_a_view_that_a_model_reads_is_left_out(judge_chain: Judge, judge_again: Again) -> None:
    env = WITH_A_TABLE.format(name="v", types="Column, Integer", columns='Column("a", Integer)').replace(
        "engine = create_engine",
        'Table("t", metadata, Column("id", Integer, primary_key=True))\nengine = create_engine',
        1,
    )
    view = Revision("view", sql("CREATE VIEW v AS SELECT id, id AS a FROM t"), sql("DROP VIEW v"))
    report = judge_chain(table("t", "id serial PRIMARY KEY"), view, env=env, only=("drift",)).report
    (found,) = report.findings

    add_settings(report, settings_of(found))

    assert found.code == "PGH-D010"
    assert told(judge_again(report, only=("drift", "autogenerate", "declarations")).findings) == []


def test_a_column_stands_in_the_model_where_the_chain_puts_it(judge_chain: Judge, judge_again: Again) -> None:
    order = {"only": ("drift", "autogenerate"), "strict": ("column order",)}
    columns = ('Column("a", Integer)', 'Column("b", Text, nullable=False)')
    report = judge_chain(MAKES, env=models(", ".join(columns[::-1])), **order).report
    (found,) = report.findings

    (folder_of(report) / "env.py").write_text(models(", ".join(columns)), encoding="utf-8")

    assert found.code == "PGH-D011"
    assert "move the attribute in the model" in found.mend
    assert told(judge_again(report, **order).findings) == []


@pytest.mark.parametrize(
    "asks",
    ['__import__("sqlalchemy").dialects.postgresql.CITEXT', 'Text), Index("thing_a", "a", postgresql_using="gin"'],
)
def test_an_extension_that_the_models_ask_for_is_made_by_a_revision(
    asks: str, judge_chain: Judge, judge_again: Again
) -> None:
    env = models(f'Column("a", {asks})').replace("import DDL,", "import DDL, Index,")
    made = table("thing", "id serial PRIMARY KEY")
    report = judge_chain(made, env=env, only=("drift",)).report

    add_mends(report, [one for one in report.findings if one.code == "PGH-D013"], "write a revision")
    second = judge_again(report, only=("upgrade", "roundtrip", "drift"))
    ways = [(code_of(one, "write a revision"), way_back_of(one, "write a revision")) for one in second.findings]
    add_revisions(second, *(Revision(f"adds_{number}", *both) for number, both in enumerate(ways)))

    assert "PGH-D013" in {one.code for one in report.findings}
    assert {one.code for one in second.findings} == {"PGH-D001"}
    assert told(judge_again(second, only=("upgrade", "roundtrip", "drift")).findings) == []


# What the chain makes otherwise than the models, and what of that keeps others waiting or is refused to the release before.
USED_OTHERWISE = {
    "a stored expression": (
        "ALTER TABLE thing ADD c int GENERATED ALWAYS AS (id * 2) STORED",
        'Column("c", Integer, Computed("id * 3", persisted=True))',
        'allow = {"locks": ',
    ),
    "a label's name": (
        "CREATE TYPE mood AS ENUM ('X', 'y'); ALTER TABLE thing ADD c mood",
        'Column("c", Enum("x", "y", name="mood"))',
        "after_deploy = ",
    ),
}


@pytest.mark.parametrize("name", USED_OTHERWISE)
def test_what_a_correction_does_to_others_is_declared_with_it(
    name: str, judge_chain: Judge, judge_again: Again
) -> None:
    made, column, declared = USED_OTHERWISE[name]
    env = models(f'Column("a", Integer), Column("b", Text, nullable=False), {column}')
    env = env.replace("import DDL,", "import DDL, Computed,")
    down = "ALTER TABLE thing DROP c" + ("; DROP TYPE mood" if "mood" in made else "")
    report = judge_chain(MAKES, extra(made, down), env=env, only=("drift",)).report

    (found,) = report.findings
    assert declared in found.mend.partition("beside upgrade(): ")[2]
    assert mended(report, judge_again) == []


@pytest.mark.parametrize(
    "schema",
    [(sql("CREATE SCHEMA shop"), sql("DROP SCHEMA shop")), ("pass", "pass")],
    ids=["a schema of the chain's", "a schema that nobody makes"],
)
def test_a_table_that_the_models_have_in_another_schema_is_moved_with_its_rows(
    schema: tuple[str, str], judge_chain: Judge, judge_again: Again
) -> None:
    env = models('Column("a", Integer), Column("b", Text, nullable=False), schema="shop"')
    makes = Revision("makes", f"{schema[0]}\n{MAKES.up}", f"{MAKES.down}\n{schema[1]}")
    report = judge_chain(makes, env=env, only=("drift",)).report
    lacking = [one for one in report.findings if one.code == "PGH-D001"]

    ways = {one.subject: "move table public.thing" if "thing" in one.subject else "write a revision" for one in lacking}
    add_revisions(
        report,
        *(
            Revision(
                f"adds_{number}",
                code_of(one, ways[one.subject]),
                way_back_of(one, ways[one.subject]),
                declarations_of(one),
            )
            for number, one in enumerate(lacking)
        ),
    )

    assert [one.subject for one in lacking] == [*(["schema shop"] if schema[0] == "pass" else []), "table shop.thing"]
    assert [one.subject for one in report.findings if one.code == "PGH-D002"] == ["table public.thing"]
    assert told(judge_again(report, only=CHECKS).findings) == []


def test_a_table_of_the_same_name_and_of_other_columns_is_another_one(judge_chain: Judge) -> None:
    env = models('Column("z", Integer), schema="shop"')
    makes = Revision("makes", f"{sql('CREATE SCHEMA shop')}\n{MAKES.up}", f"{MAKES.down}\n{sql('DROP SCHEMA shop')}")

    report = judge_chain(makes, env=env, only=("drift",)).report

    assert not [one for one in report.findings if "SET SCHEMA" in one.mend]


STORED = {
    ("integer", "bigint"): True,
    ("character varying(9)", "text"): False,
    ("text", "character varying(9)"): True,
    ("character varying(9)", "character varying(20)"): False,
    ("character varying(20)", "character varying(9)"): True,
    ("character(9)", "character(20)"): True,
    ("numeric(10,2)", "numeric(12,2)"): False,
    ("numeric(12,2)", "numeric(10,2)"): True,
    ("numeric(12,2)", "numeric(14,3)"): True,
    ("numeric(12,2)", "numeric"): False,
    ("numeric", "numeric(12,2)"): True,
    ("timestamp(3) with time zone", "timestamp with time zone"): False,
    ("timestamp with time zone", "timestamp(3) with time zone"): True,
    ("timestamp(3) without time zone", "timestamp(3) with time zone"): True,
}


@pytest.mark.parametrize("types", STORED, ids=" to ".join)
def test_a_table_is_written_anew_where_the_server_does_so(types: tuple[str, str], empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("SET TimeZone = 'Europe/Vienna'")  # under UTC the server knows that a moment stays as it is
        connection.execute(f"CREATE TABLE t (a {types[0]})".encode())
        files = [connection.execute("SELECT pg_relation_filenode('t')").fetchone()]
        connection.execute(f"ALTER TABLE t ALTER a TYPE {types[1]}".encode())
        files.append(connection.execute("SELECT pg_relation_filenode('t')").fetchone())

    assert (files[0] != files[1]) is is_written_anew(*types) is STORED[types]
