from __future__ import annotations

import pytest
import sqlalchemy as sa

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database
from tests.harness.catalog.cleaning import CleanModel, read_models
from tests.harness.catalog.serving import Major, statements
from tests.harness.catalog.trying import Bench, taken_back, written

CLEAN_MODELS = read_models()
every_model = pytest.mark.parametrize("model", CLEAN_MODELS, ids=lambda model: model.name)


@pytest.mark.every_major
@every_model
def test_models_and_a_migration_that_says_the_same_have_no_difference(model: CleanModel, bench: Bench) -> None:
    declared, migrated = _both(model, bench)

    assert difference(declared, migrated) == ()


@every_model
def test_a_clean_model_holds_its_awkward_construction(model: CleanModel, bench: Bench) -> None:
    declared, _ = _both(model, bench)

    assert any(model.shows in text for key, value in declared.facts.items() for text in (key.object, value))


@every_model
def test_pg_dump_sees_no_difference_in_a_clean_model(model: CleanModel, major: Major) -> None:
    _skip_unknown(model, major)
    declared, migrated = (major.databases.create_empty(side) for side in ("declared", "migrated"))
    try:
        _declare(model, declared)
        with migrated.connect() as connection:
            connection.execute((model.first + model.migration).encode())

        assert statements(major.dump(declared)) == statements(major.dump(migrated))
    finally:
        major.databases.drop(declared)
        major.databases.drop(migrated)


@every_model
def test_the_script_of_a_clean_model_makes_it_again(model: CleanModel, bench: Bench) -> None:
    declared, _ = _both(model, bench)

    assert written(bench, declared) == declared


def test_the_table_of_clean_models_is_large_and_names_each_once() -> None:
    names = [model.name for model in CLEAN_MODELS]

    assert len(set(names)) == len(names) >= 50


def _both(model: CleanModel, bench: Bench) -> tuple[Snapshot, Snapshot]:
    """Return the catalog that the models make, and the one that the migration makes."""
    _skip_unknown(model, bench.major)
    with taken_back(bench.scratch) as (alembic, connection):
        connection.execute(model.first.encode() or b"SELECT")
        _metadata(model).create_all(alembic)
        declared = take_snapshot(connection)
    with taken_back(bench.scratch) as (_, connection):
        connection.execute((model.first + model.migration).encode())
        return declared, take_snapshot(connection)


def _declare(model: CleanModel, database: Database) -> None:
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        if model.first:
            connection.execute(sa.text(model.first))
        _metadata(model).create_all(connection)


def _metadata(model: CleanModel) -> sa.MetaData:
    metadata = sa.MetaData()
    model.declare(metadata)
    return metadata


def _skip_unknown(model: CleanModel, major: Major) -> None:
    if model.since > major.number:
        pytest.skip(f"PostgreSQL {major.number} does not know it; {model.since} does")
