"""The project's code reaches no other database than the test's, whatever it reads from its surroundings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table

JudgeChain = Callable[..., Run]

CONNECTS_BY_ITSELF = """
import os
with sa.create_engine(os.environ["SHOP_URL"]).begin() as connection:
    connection.execute(sa.text("DROP TABLE precious"))
"""


@pytest.fixture
def precious(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Return a database that somebody needs, to which the shell's environment leads."""
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE precious ()")
    monkeypatch.setenv("SHOP_URL", empty_database.project_location.render("psycopg"))
    return empty_database


def test_a_revision_that_connects_elsewhere_is_stopped_before_it_does_and_is_named(
    precious: Database, judge_chain: JudgeChain
) -> None:
    (finding, *_) = judge_chain(table("a"), Revision("strays", CONNECTS_BY_ITSELF)).report.findings

    with precious.connect() as connection:
        assert connection.execute("SELECT to_regclass('precious') IS NOT NULL").fetchone() == (True,)
    assert (finding.check, finding.revision) == ("upgrade", "strays")
    assert precious.name in finding.message


def test_an_env_py_that_connects_elsewhere_is_stopped_before_it_does(
    precious: Database, judge_chain: JudgeChain
) -> None:
    env = ENV.replace('context.config.get_main_option("sqlalchemy.url")', '__import__("os").environ["SHOP_URL"]')

    with pytest.raises(CannotRun, match="ignores the connection it is given") as stopped:
        judge_chain(table("a"), env=env)

    assert precious.name in stopped.value.seen


def test_an_env_py_may_look_whether_its_database_exists(judge_chain: JudgeChain) -> None:
    looks = 'with create_engine(engine.url.set(database="postgres")).connect() as other:\n    other.execute(text("SELECT 1"))\n'
    env = ENV.replace("with engine.connect()", f"{looks}with engine.connect()", 1)

    assert judge_chain(table("a"), env=env).report.findings == ()


SESSION = {
    "a setting of its own": (
        "connection.execute(text(\"SET app.actor = 'migration'\"))",
        sql("CREATE TABLE b (by text DEFAULT current_setting('app.actor'))", "INSERT INTO b DEFAULT VALUES"),
    ),
    "a lock of its session": (
        'connection.execute(text("SELECT pg_advisory_lock(42)"))',
        sql("SELECT pg_advisory_xact_lock(42)", "CREATE TABLE b ()"),
    ),
}


@pytest.mark.parametrize(("line", "upgrade"), SESSION.values(), ids=SESSION)
def test_revisions_run_on_the_session_of_an_env_py_that_holds_a_transaction(
    line: str, upgrade: str, judge_chain: JudgeChain
) -> None:
    env = ENV.replace("engine.connect()", "engine.begin()").replace(
        "    context.configure(", f"    {line}\n    context.configure("
    )
    env = env.replace(
        'get_main_option("sqlalchemy.url"))', 'get_main_option("sqlalchemy.url"), pool_size=1, max_overflow=0)'
    )

    assert judge_chain(table("a"), Revision("b", upgrade, sql("DROP TABLE b")), env=env).report.findings == ()


def test_what_a_revision_sets_for_the_session_is_unknown_to_the_next(judge_chain: JudgeChain) -> None:
    sets = Revision("sets", sql("CREATE SCHEMA shop", "SET search_path TO shop, public"), sql("DROP SCHEMA shop"))
    makes = Revision("makes", sql("CREATE TABLE thing ()"), sql("DROP TABLE IF EXISTS shop.thing, public.thing"))

    findings = judge_chain(sets, makes).report.findings

    assert {finding.subject for finding in findings} >= {"table public.thing"}


def test_what_env_py_does_after_the_migrations_is_charged_to_no_revision(judge_chain: JudgeChain) -> None:
    grants = 'connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg_monitor"))'
    env = f"{ENV}        {grants}\n"

    report = judge_chain(table("a"), env=env).report

    assert report.findings == ()
    assert any("GRANT SELECT" in note.message for note in report.notes)


def test_a_revision_that_needs_rows_is_told_as_that(judge_chain: JudgeChain) -> None:
    needs = Revision("needs", 'op.get_bind().execute(sa.text("SELECT id FROM a LIMIT 1")).scalar_one()')

    (finding,) = judge_chain(table("a"), needs).report.findings

    assert (finding.check, finding.revision) == ("upgrade", "needs")
    assert "fails on empty ones" in finding.message


FAILS = sql("ALTER TABLE nothere ADD x int")


@pytest.mark.parametrize(
    ("top", "options"), [("", {"since": "fails"}), ('allow = {"upgrade": "it cannot be"}', {})], ids=["since", "allow"]
)
def test_an_upgrade_that_fails_in_any_case_is_told_whatever_is_allowed_or_left_out(
    top: str, options: dict[str, str], judge_chain: JudgeChain
) -> None:
    report = judge_chain(table("a"), Revision("fails", FAILS, top=top), table("b"), **options).report

    assert [(finding.check, finding.revision) for finding in report.findings] == [("upgrade", "fails")]


def test_a_variable_that_env_py_sets_is_there_when_the_models_are_imported(
    judge_example: Callable[..., Report],
) -> None:
    edits = {
        "env.py": (
            "from alembic import context",
            "import os\n\nos.environ['SHOP_SCHEMA'] = 'public'\nfrom alembic import context",
        ),
        "bookshop.py": ("import sqlalchemy as sa", "import os\n\nimport sqlalchemy as sa\n\nos.environ['SHOP_SCHEMA']"),
    }

    assert judge_example(edits=edits, only=("drift", "roundtrip")).findings == ()
