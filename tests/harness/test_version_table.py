"""The version table is told as drift nowhere, wherever env.py puts it, and models are made where the chain makes its tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.findings import Status
from pgharness.running import Run
from tests.harness.chains import Revision, sql

MODELS = """\
from alembic import context
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, text

models = MetaData()
Table("item", models, Column("id", Integer, primary_key=True))
url = context.config.get_main_option("sqlalchemy.url")
"""
RUNS = """\
        context.configure(connection=connection, target_metadata=models{options})
        with context.begin_transaction():
            context.run_migrations()
"""
MAKES_SCHEMA = """\
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS shop"))
        connection.commit()
"""
ITEM = Revision(
    "item",
    'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True))',
    'op.drop_table("item")',
)
CASES = {
    "by SET search_path": """\
for schema in ("shop",):
    with create_engine(url).connect() as connection:
{makes}        connection.execute(text("SET search_path = shop"))
        connection.commit()
{runs}""",
    "by the connection's options": """\
for schema in ("shop",):
    with create_engine(url).connect() as connection:
{makes}    with create_engine(url, connect_args={{"options": "-csearch_path=shop"}}).connect() as connection:
{runs}""",
    "by schema_translate_map": """\
for schema in ("shop",):
    with create_engine(url).connect() as connection:
{makes}    with create_engine(url).connect().execution_options(schema_translate_map={{None: "shop"}}) as connection:
{runs}""",
    "for tenants in a loop": """\
for schema in ("shop", "garden"):
    with create_engine(url).connect() as connection:
{makes}        connection.execute(text("CREATE SCHEMA IF NOT EXISTS garden"))
        connection.execute(text(f"SET search_path = {{schema}}"))
        connection.commit()
{runs}""",
}
OPTIONS = {"by schema_translate_map": ', version_table_schema="shop"'}


def env_of(name: str) -> str:
    """Return the text of an env.py."""
    return MODELS + CASES[name].format(makes=MAKES_SCHEMA, runs=RUNS.format(options=OPTIONS.get(name, "")))


@pytest.mark.parametrize("name", CASES)
def test_nothing_drifts_where_env_py_chooses_the_schema(name: str, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(ITEM, env=env_of(name), only=("upgrade", "roundtrip", "drift", "autogenerate"))

    assert run.report.findings == ()
    assert run.record.version_table == "shop.alembic_version"
    assert run.record.models is not None
    assert run.record.models.snapshot.objects("table") == (("table", "shop.item"),)
    assert {result.status for result in run.report.results if result.name == "drift"} == {Status.PASSED}


@pytest.mark.parametrize("name", CASES)
def test_a_drift_is_found_where_env_py_chooses_the_schema(name: str, judge_chain: Callable[..., Run]) -> None:
    note = Revision("item", ITEM.up[:-1] + ', sa.Column("note", sa.Text))', ITEM.down)

    run = judge_chain(note, env=env_of(name), only=("drift",))

    assert [finding.subject for finding in run.report.findings] == ["column shop.item.note"]


def test_a_table_that_is_merely_named_like_the_version_table_is_told(judge_chain: Callable[..., Run]) -> None:
    other = Revision(
        "other", sql("CREATE TABLE public.alembic_version (a int)"), sql("DROP TABLE public.alembic_version")
    )

    run = judge_chain(ITEM, other, env=env_of("by SET search_path"), only=("drift",))

    assert "table public.alembic_version" in {finding.subject for finding in run.report.findings}
