from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from flowforge_schema import Database
from flowforge_schema.errors.constraints import RULES
from flowforge_schema.models import metadata
from flowforge_schema.models.version_rules import FUNCTIONS, TRIGGERS

CONSTRAINTS_AND_UNIQUE_INDEXES = text("""
    SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c', 'x')
    UNION
    SELECT index.relname FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
    WHERE indisunique AND index.relnamespace = 'public'::regnamespace
""")


BY_TRIGGERS = [rule for rule in RULES if rule.constraint.startswith("tr_")]


def constraints_of_models() -> Iterator[str]:
    for table in metadata.sorted_tables:
        yield from (str(constraint.name) for constraint in table.constraints)
        yield from (str(index.name) for index in table.indexes if index.unique)


def test_every_constraint_of_the_models_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert sorted(rule.constraint for rule in RULES if rule not in BY_TRIGGERS) == sorted(constraints_of_models())


async def test_every_constraint_of_the_migrated_database_has_a_sentence(database: Database) -> None:
    async with database.read_session() as session:
        names = set(await session.scalars(CONSTRAINTS_AND_UNIQUE_INDEXES))

    assert names - {"alembic_version_pkc"} == {rule.constraint for rule in RULES if rule not in BY_TRIGGERS}


def test_every_trigger_that_refuses_has_a_sentence() -> None:
    refusing = {trigger.name for trigger in TRIGGERS if f"CONSTRAINT = '{trigger.name}'" in FUNCTIONS[trigger.function]}

    assert {rule.constraint for rule in BY_TRIGGERS} == refusing
    assert all("RAISE" not in FUNCTIONS[trigger.function] for trigger in TRIGGERS if trigger.name not in refusing)


def test_a_sentence_names_a_column_of_its_table() -> None:
    columns = {
        str(name): set(table.columns.keys())
        for table in metadata.sorted_tables
        for name in (*(constraint.name for constraint in table.constraints), *(index.name for index in table.indexes))
    }

    columns |= {trigger.name: set(metadata.tables[trigger.table].columns.keys()) for trigger in TRIGGERS}

    assert [rule for rule in RULES if rule.field and rule.field not in columns[rule.constraint]] == []


def test_only_a_foreign_key_says_that_something_is_in_use() -> None:
    assert {rule.constraint for rule in RULES if rule.in_use} == {
        rule.constraint for rule in RULES if rule.constraint.startswith("fk_")
    }
