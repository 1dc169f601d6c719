"""What a chain makes outside its database, roles and replication slots, is neither in the way of the next try nor left behind."""

from __future__ import annotations

import contextlib
import gc
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgharness import recording
from pgharness.databases import Database, Databases
from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import Failure
from pgharness.report.model import Report
from pgharness.running import plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings

pytest_plugins = ["pytester"]

AUTHOR = "versions/0001_add_author.py"
BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"

MAKES_A_ROLE = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE author (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)")
    op.execute("CREATE ROLE shop_app")
    op.execute("GRANT SELECT ON author TO shop_app")
    op.execute("SELECT pg_create_physical_replication_slot('shop_standby')")


def downgrade():
    op.execute("SELECT pg_drop_replication_slot('shop_standby')")
    op.execute("DROP TABLE author")
    op.execute("DROP ROLE shop_app")
"""
WITH_A_ROLE = {AUTHOR: MAKES_A_ROLE}
AND_A_SLIP = {**WITH_A_ROLE, BOOK: ("def downgrade():", "def downgrade():\n    op.execute('SELECT 1/0')")}

# Of which nobody sees in the text that it makes a role.
HIDDEN = "\n".join(
    line.replace('"CREATE ROLE', '"CREATE " + "ROLE').replace('"DROP ROLE', '"DROP " + "ROLE')
    for line in MAKES_A_ROLE.splitlines()
    if "replication_slot" not in line
)

TESTS = """
def test_own(migrated_database):
    with migrated_database.connect() as connection:
        connection.execute("SET ROLE shop_app")
        connection.execute("SELECT * FROM author")
"""


@pytest.fixture
def judge_alone(example: Callable[..., Path], own_server: Server) -> Callable[..., Report]:
    """Judge an edited example on a server on which no other test makes anything."""

    def judge(edits: Any, server: Server = own_server, **options: Any) -> Report:
        shutil.rmtree(Path("project"), ignore_errors=True)
        settings = load_settings(None, alembic=example(edits=edits) / "alembic.ini", **options)
        return run_on(server, plan_run(settings), started=time.perf_counter()).report

    return judge


@pytest.fixture
def given_server(own_server: Server) -> Iterator[Server]:
    """Yield a server as if it were somebody's own, and clean it at the end."""
    yield replace(own_server, kind="url")
    with own_server.connect() as connection:
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
        connection.execute("DROP ROLE IF EXISTS shop_app")


def outside_of_databases(server: Server) -> list[str]:
    """List the roles and replication slots of a server, without its own."""
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT rolname FROM pg_roles WHERE oid >= 16384 UNION SELECT slot_name FROM pg_replication_slots ORDER BY 1"
        )
        return [str(name) for (name,) in rows]


def test_a_fault_in_a_chain_that_makes_roles_is_told_as_what_it_is(judge_alone: Callable[..., Report]) -> None:
    report = judge_alone(AND_A_SLIP, only=("roundtrip",))

    assert {finding.subject for finding in report.findings} == {"downgrade of 0002_add_book"}
    assert any("division by zero" in finding.message for finding in report.findings)


def test_nothing_of_a_run_is_left_outside_its_databases(judge_alone: Callable[..., Report], own_server: Server) -> None:
    first = judge_alone(WITH_A_ROLE, only=("roundtrip",))
    between = outside_of_databases(own_server)
    second = judge_alone(WITH_A_ROLE, only=("roundtrip",))

    assert (first.findings, second.findings) == ((), ())
    assert (between, outside_of_databases(own_server)) == ([], [])


@pytest.mark.parametrize(
    "slip", [{}, {COUNTRY: ("def downgrade():", "def downgrade():\n    op.execute('SELECT 1/0')")}]
)
def test_a_structure_file_may_name_the_roles_of_the_chain(
    judge_alone: Callable[..., Report], own_server: Server, tmp_path: Path, slip: Any
) -> None:
    (tmp_path / "structure.sql").write_text("CREATE TABLE author (id bigint);\nGRANT SELECT ON author TO shop_app;\n")

    report = judge_alone({**WITH_A_ROLE, **slip}, only=("structure", "roundtrip"), structure=tmp_path / "structure.sql")

    told = [finding.message for finding in report.findings if finding.check == "structure"]
    assert told == ["Out of date: it differs from the schema at the head."]
    assert outside_of_databases(own_server) == []


def test_on_a_given_server_roles_stay_and_it_is_told_how_they_go(
    judge_alone: Callable[..., Report], given_server: Server
) -> None:
    report = judge_alone(WITH_A_ROLE, given_server, only=("roundtrip",))

    assert outside_of_databases(given_server) == ["shop_app", "shop_standby"]
    (note,) = report.notes
    assert note.message == (
        "new on the given server, where nothing outside of our databases is dropped: role shop_app, replication slot shop_standby; "
        "where the chain makes them, its next run fails: drop them, or let runs have a server of their own (--server embedded)"
    )


def test_a_role_that_a_given_server_has_already_is_told_with_a_mend(
    judge_alone: Callable[..., Report], given_server: Server
) -> None:
    judge_alone(WITH_A_ROLE, given_server, only=("roundtrip",))

    (finding,) = judge_alone(WITH_A_ROLE, given_server, only=("upgrade",)).findings

    assert 'role "shop_app" already exists' in finding.message
    assert finding.mend == (
        "a role belongs to the whole server and outlives every database: drop it there, or let runs have a server of their own "
        f"(--server embedded), or correct upgrade() in {Path('project') / AUTHOR}"
    )


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-p", "xdist", "-n2")])
def test_claims_and_migrated_databases_of_one_session_do_not_meet_each_others_roles(
    workers: tuple[str, ...], pytester: pytest.Pytester, example: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copytree(example(edits=WITH_A_ROLE), pytester.path, dirs_exist_ok=True)
    pytester.makepyprojecttoml('[tool.pgharness]\nalembic = "alembic.ini"\nserver = "embedded"\nonly = ["roundtrip"]\n')
    pytester.makepyfile(test_shop=TESTS)

    result = pytester.runpytest_subprocess(*workers, "-p", "pgharness.plugin", "-p", "no:cacheprovider", "--pgharness")

    result.assert_outcomes(passed=9)


def test_databases_that_are_worked_on_side_by_side_do_not_disturb_each_other_by_a_role(
    judge_alone: Callable[..., Report], own_server: Server
) -> None:
    report = judge_alone({AUTHOR: HIDDEN}, only=("roundtrip",))

    assert report.findings == ()
    assert outside_of_databases(own_server) == []


def test_a_role_that_each_of_two_databases_took_for_the_others_is_gone_when_they_are_tried_again(
    judge_alone: Callable[..., Report], own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = recording._Recording.make
    met = Failure("DuplicateObject", 'role "shop_app" already exists')

    def meets(tried: Any, *, side_by_side: bool) -> ChainRecord:
        record = make(tried, side_by_side=side_by_side)
        if not side_by_side:
            return record
        with own_server.connect() as connection:
            connection.execute("CREATE ROLE shop_app")
        assert record.deployment is not None
        return replace(record, deployment=replace(record.deployment, failure=met))

    monkeypatch.setattr(recording._Recording, "make", meets)
    report = judge_alone({AUTHOR: HIDDEN}, only=("roundtrip",))

    assert report.findings == ()
    assert outside_of_databases(own_server) == []


@pytest.mark.parametrize(
    "message",
    [
        'role "shop_app" already exists',
        'duplicate key value violates unique constraint "pg_authid_rolname_index"',
        "tuple concurrently updated",
    ],
)
def test_what_two_databases_meet_in_at_once_is_tried_again_one_after_the_other(message: str) -> None:
    assert recording._MET_ANOTHER.search(message)


def test_a_template_keeps_the_roles_that_it_made_unless_it_fails(own_server: Server) -> None:
    def build(database: Database) -> None:
        with database.connect() as connection:
            connection.execute("CREATE ROLE shop_app")
            connection.execute("SELECT 1/0" if key == "fails" else "SELECT 1")

    left = {}
    with Databases(own_server) as databases, databases.outside_undone():
        for key in ("fails", "passes"):
            with contextlib.suppress(psycopg.Error):
                databases.template(key, build)
            gc.collect()
            left[key] = outside_of_databases(own_server)

    assert left == {"fails": [], "passes": ["shop_app"]}


def test_a_role_with_rights_outside_its_database_goes_too(
    judge_alone: Callable[..., Report], own_server: Server
) -> None:
    grants = '    op.execute("GRANT CREATE ON TABLESPACE pg_default TO shop_app")\n'
    text = MAKES_A_ROLE.replace("\n\ndef downgrade", grants + "\n\ndef downgrade", 1)

    report = judge_alone({AUTHOR: text}, only=("upgrade",))

    assert report.findings == ()
    assert outside_of_databases(own_server) == []
