"""A nested condition is written as PostgreSQL prints it once it has read its own print."""

from __future__ import annotations

import pytest

from pgharness.catalog.flat_conditions import flattened
from pgharness.catalog.snapshot import take_snapshot
from tests.harness.catalog.serving import Major
from tests.harness.catalog.trying import Bench, taken_back, written

NESTED = "a BETWEEN 1 AND 9 AND t > 'b' AND (a > 2 OR t BETWEEN SYMMETRIC 'c' AND 'd')"

STATEMENTS = {
    "a check": f"ALTER TABLE shelf ADD CHECK ({NESTED})",
    "a check of a domain": "CREATE DOMAIN grade AS int CHECK (VALUE BETWEEN 1 AND 9 AND VALUE <> 5)",
    "a default": "ALTER TABLE shelf ALTER b SET DEFAULT (length(USER) BETWEEN 1 AND 9 AND USER > 'b')",
    "a generated column": f"ALTER TABLE shelf ADD c bool GENERATED ALWAYS AS ({NESTED}) STORED",
    "an index of an expression": f"CREATE INDEX ON shelf (({NESTED}))",
    "an index's predicate": f"CREATE INDEX ON shelf (a) WHERE {NESTED}",
    "an exclusion's predicate": f"ALTER TABLE shelf ADD EXCLUDE USING btree (a WITH =) WHERE ({NESTED})",
    "a policy": f"CREATE POLICY one ON shelf USING ({NESTED}) WITH CHECK ({NESTED})",
    "a publication": f"CREATE PUBLICATION one FOR TABLE shelf WHERE ({NESTED})",
    "a rule": f"CREATE RULE one AS ON DELETE TO shelf WHERE {NESTED.replace('a ', 'OLD.a ').replace('t ', 'OLD.t ')} DO INSTEAD NOTHING",
    "a trigger": "CREATE TRIGGER one BEFORE UPDATE ON shelf FOR EACH ROW WHEN (NEW.a BETWEEN 1 AND 9 AND NEW.b) "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a view": f"CREATE VIEW one AS SELECT a FROM shelf WHERE {NESTED}",
    "statistics": f"CREATE STATISTICS one ON ({NESTED}), a FROM shelf",
    "a partition key": f"CREATE TABLE parted (a int, t text) PARTITION BY LIST (({NESTED}))",
}


@pytest.mark.every_major
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_condition_is_the_same_fact_once_postgresql_has_read_it_again(statement: str, bench: Bench) -> None:
    with taken_back(bench.scratch) as (_, connection):
        connection.execute("CREATE TABLE shelf (a int, t text, b bool)")
        connection.execute(statement.encode())
        declared = take_snapshot(connection)

    assert written(bench, declared) == declared


@pytest.mark.every_major
def test_a_condition_is_reread_with_fewer_brackets(major: Major) -> None:
    """If PostgreSQL stops doing so, this module is not needed any more."""
    with major.server.connect() as connection:
        connection.execute("CREATE TEMPORARY TABLE shelf (a int, CONSTRAINT one CHECK (a BETWEEN 1 AND 9 AND a <> 5))")
        printed = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
        ((first,),) = connection.execute(printed, ["one"]).fetchall()
        connection.execute(f"ALTER TABLE shelf ADD CONSTRAINT two {first}".encode())
        ((second,),) = connection.execute(printed, ["two"]).fetchall()

    assert first != second == flattened(first)


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("((a AND b) AND c)", "(a AND b AND c)"),
        ("(((a AND b) AND c) AND d)", "(a AND b AND c AND d)"),
        ("(((a OR b) OR c) AND d)", "((a OR b OR c) AND d)"),
        ("CHECK ((((x > 1) AND (x < 9)) AND y))", "CHECK (((x > 1) AND (x < 9) AND y))"),
        ("WHERE (((x = ')') AND y) AND z)", "WHERE ((x = ')') AND y AND z)"),
        ('(((x = "a)""(") AND y) AND z)', '((x = "a)""(") AND y AND z)'),
        ("(f(((a AND b) AND c), d) OR e)", "(f((a AND b AND c), d) OR e)"),
    ],
)
def test_the_first_operand_loses_its_brackets(printed: str, told: str) -> None:
    assert flattened(printed) == told


@pytest.mark.parametrize(
    "printed",
    [
        "((a OR b) AND c)",
        "(a AND (b AND c))",
        "((a AND b) OR (c AND d))",
        "(((a AND b))::text AND c)",
        "(((a AND b) IS TRUE) AND c)",
        "'((a AND b) AND c)'::text",
        "(x = '((a AND b) AND c)'::text)",
        "sum(a) OVER (ROWS BETWEEN ((1) + 1) PRECEDING AND CURRENT ROW)",
        "(a AND b",
        "a)) AND ((b",
    ],
)
def test_nothing_else_does(printed: str) -> None:
    assert flattened(printed) == printed
