"""What `alembic upgrade head` does with env.py as it is: that it fails, or leaves nothing behind, though each revision passes by itself.

Each case is mended as its finding says, and then has no finding any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

import pytest

from pgharness.findings import Finding
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table

JudgeChain = Callable[..., Run]

BEGUN = "    with context.begin_transaction():\n        context.run_migrations()\n"
AUTOCOMMIT = "with op.get_context().autocommit_block():\n    op.execute({!r})"
MOOD = Revision(
    "mood",
    sql("CREATE TYPE mood AS ENUM ('good')", "CREATE TABLE day (mood mood)"),
    sql("DROP TABLE day", "DROP TYPE mood"),
)
# A type that is made in one transaction with its new label may be used there; this commits it.
COMMITS = Revision(
    "commit", AUTOCOMMIT.format("CREATE INDEX CONCURRENTLY ix ON day (mood)"), AUTOCOMMIT.format("DROP INDEX ix")
)
ADDS_BAD = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bad'"
USES_BAD = Revision(
    "use", sql("ALTER TABLE day ALTER mood SET DEFAULT 'bad'"), sql("ALTER TABLE day ALTER mood DROP DEFAULT")
)
IRREVERSIBLE = "irreversible = 'labels stay'"
REFUSES = "raise NotImplementedError(irreversible)"
FAMILY = Revision(
    "family",
    sql(
        "CREATE TABLE parent (id bigint PRIMARY KEY)",
        "CREATE TABLE child (parent bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    ),
    sql("DROP TABLE child", "DROP TABLE parent"),
)
WRITES = ("INSERT INTO parent VALUES (71)", "INSERT INTO child VALUES (71)")
ALTERS = Revision("alter", sql("ALTER TABLE child ADD note text"), sql("ALTER TABLE child DROP note"))


@dataclass(frozen=True)
class Case:
    """A chain and its env.py, what is found, words of its mend, and what both are once that was typed in."""

    revisions: Sequence[Revision]
    env: str
    subject: str
    words: str
    mend: str
    mended_env: str
    mended_revisions: Sequence[Revision] = ()


def before(line: str, text: str) -> str:
    """Return env.py with a line before context.configure()."""
    assert text.count("    context.configure(") == 1
    return text.replace("    context.configure(", f"    {line}\n    context.configure(")


SETS = "connection.execute(text(\"SET lock_timeout = '1s'\"))"
LOCKS = 'connection.execute(text("SELECT pg_advisory_lock(7)"))'
TABLES = (table("a"), table("b"))
CASES = {
    "a statement before configure()": Case(
        TABLES,
        before(SETS, ENV),
        "deployment by",
        "ends without an error and leaves nothing behind",
        "write connection.commit() after",
        before(f"{SETS}\n    connection.commit()", ENV),
    ),
    "an advisory lock before configure()": Case(
        TABLES,
        before(LOCKS, ENV),
        "deployment by",
        "sends `SELECT pg_advisory_lock(7)` before context.configure()",
        "write connection.commit() after",
        before(f"{LOCKS}\n    connection.commit()", ENV),
    ),
    "no begin_transaction()": Case(
        TABLES,
        ENV.replace(BEGUN, "    context.run_migrations()\n"),
        "deployment by",
        "env.py does not call context.begin_transaction()",
        "with context.begin_transaction(): context.run_migrations()",
        ENV,
    ),
    "a transaction of its own that nobody commits": Case(
        TABLES,
        before("connection.begin()", ENV),
        "deployment by",
        "env.py had begun a transaction before context.configure(), and does not commit it",
        "connection.commit() after context.run_migrations()",
        before("connection.begin()", ENV) + "    connection.commit()\n",
    ),
    "engine.begin() with an autocommit block": Case(
        (
            table("a"),
            Revision(
                "index",
                AUTOCOMMIT.format("CREATE INDEX CONCURRENTLY ix_a ON a (id)"),
                AUTOCOMMIT.format("DROP INDEX CONCURRENTLY ix_a"),
            ),
        ),
        ENV.replace("engine.connect()", "engine.begin()"),
        "upgrade of index",
        "upgrade() passes by itself, but `alembic upgrade head` fails there",
        "`with engine.connect() as connection:` instead of engine.begin()",
        ENV,
    ),
    "an enum value that is used in the transaction that adds it": Case(
        (MOOD, COMMITS, Revision("add", sql(ADDS_BAD), REFUSES, IRREVERSIBLE), USES_BAD),
        ENV,
        "upgrade of use",
        "(SQLSTATE 55P04)",
        "transaction_per_migration=True",
        ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True"),
        (MOOD, COMMITS, Revision("add", AUTOCOMMIT.format(ADDS_BAD), REFUSES, IRREVERSIBLE), USES_BAD),
    ),
    "a label of an enum type that production has, and an empty database makes anew": Case(
        (MOOD, Revision("add", sql(ADDS_BAD), REFUSES, IRREVERSIBLE), USES_BAD),
        ENV,
        "upgrade of use",
        "of a database at mood fails there",
        "transaction_per_migration=True",
        ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True"),
        (MOOD, Revision("add", AUTOCOMMIT.format(ADDS_BAD), REFUSES, IRREVERSIBLE), USES_BAD),
    ),
    "a table that waits for its deferred triggers": Case(
        (FAMILY, Revision("write", sql(*WRITES), sql("DELETE FROM child", "DELETE FROM parent")), ALTERS),
        ENV,
        "upgrade of alter",
        "pending trigger events",
        "transaction_per_migration=True",
        ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True"),
        (
            FAMILY,
            Revision(
                "write", sql(*WRITES, "SET CONSTRAINTS ALL IMMEDIATE"), sql("DELETE FROM child", "DELETE FROM parent")
            ),
            ALTERS,
        ),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_every_revision_passes_by_itself_and_a_deployment_does_not_is_found(
    case: Case, judge_chain: JudgeChain
) -> None:
    run = judge_chain(*case.revisions, env=case.env)

    (finding,) = run.report.findings
    assert finding.check == "upgrade"
    assert finding.subject.startswith(case.subject)
    assert case.words in finding.message
    assert case.mend in finding.mend
    assert run.record.walked_head is not None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_its_mend_typed_in_ends_the_finding(case: Case, judge_chain: JudgeChain) -> None:
    assert judge_chain(*case.revisions, env=case.mended_env).report.findings == ()
    if case.mended_revisions:
        assert judge_chain(*case.mended_revisions, env=case.env).report.findings == ()


SOUND_ENVIRONMENTS = {
    "begins and commits a transaction of its own": ENV.replace(
        "    context.configure(", "    tx = connection.begin()\n    context.configure("
    )
    + "    tx.commit()\n",
    "sets the search_path for the transaction that it commits": ENV.replace(
        "    context.configure(",
        "    connection.execute(text('SET LOCAL search_path = shop, public'))\n    context.configure(",
    )
    + "    connection.commit()\n",
    "begins by the engine": ENV.replace("engine.connect()", "engine.begin()"),
    "commits at the end what it had begun": before(SETS, ENV) + "    connection.commit()\n",
    "locks by a session of its own": ENV.replace(
        "with engine.connect() as connection:",
        "with engine.connect() as other, engine.connect() as connection:\n    other.execute(text('SELECT pg_advisory_lock(7)'))",
    ),
}


@pytest.mark.parametrize("env", SOUND_ENVIRONMENTS.values(), ids=SOUND_ENVIRONMENTS)
def test_nothing_is_found_where_env_py(env: str, judge_chain: JudgeChain) -> None:
    run = judge_chain(table("a"), table("b"), env=env)

    assert run.report.findings == ()
    assert run.record.deployment is not None
    assert set(run.record.deployment.applied) == {"b"}


def test_a_local_search_path_is_one_under_which_the_chain_is_walked_and_deployed_alike(judge_chain: JudgeChain) -> None:
    env = before("connection.execute(text('CREATE SCHEMA IF NOT EXISTS shop'))", ENV)
    env = env.replace(
        "    context.configure(", "    connection.execute(text('SET LOCAL search_path = shop'))\n    context.configure("
    )

    lost = judge_chain(table("a"), env=env)
    kept = judge_chain(table("a"), env=env + "    connection.commit()\n")

    assert [finding.subject.partition(" ")[0] for finding in lost.report.findings] == ["deployment"]
    assert kept.report.findings == ()
    assert kept.record.head is not None
    assert ("table", "shop.a") in kept.record.head.objects("table")
    assert kept.record.version_table == "shop.alembic_version"


TWICE = """\
from alembic import context
from sqlalchemy import create_engine, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
for schema in ("one", "two"):
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.execute(text(f"SET search_path = {schema}"))
        connection.commit()
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


def test_a_second_run_of_the_migrations_is_told_by_a_note_and_its_schema_is_deployed(judge_chain: JudgeChain) -> None:
    run = judge_chain(table("a"), table("b"), env=TWICE)

    assert run.report.findings == ()
    assert ["env.py runs its migrations 2 times" in note.message for note in run.report.notes] == [True]
    assert run.record.deployment is not None
    assert {name for _, name in run.record.deployment.snapshot.objects("table")} == {"one.a", "one.b", "two.a", "two.b"}


def test_a_second_run_that_fails_is_found(judge_chain: JudgeChain) -> None:
    once = Revision(
        "once", "if op.get_bind().scalar(sa.text('SELECT current_schema()')) == 'two':\n    op.execute('SELECT 1/0')"
    )

    (finding,) = judge_chain(table("a"), once, env=TWICE).report.findings

    assert (finding.subject, finding.revision) == ("upgrade of once", "once")
    assert "division by zero" in finding.message


WAITS_FOR_ITSELF = Revision(
    "wait",
    """
    op.execute("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
    with sa.create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as other:
        other.execute(sa.text("SELECT count(*) FROM a"))
    """,
)


def test_a_revision_that_waits_for_its_own_lock_in_a_second_connection_ends_soon_and_is_told(
    judge_chain: JudgeChain,
) -> None:
    started = monotonic()

    run = judge_chain(table("a"), WAITS_FOR_ITSELF)

    (finding,) = run.report.findings
    assert monotonic() - started < 15
    assert (finding.check, finding.revision) == ("upgrade", "wait")
    assert (
        "`SELECT count(*) FROM a` waited for AccessShareLock on a, which another session of this migration holds"
        in whole(finding)
    )
    assert "let it run on the migration's own connection, op.get_bind()" in finding.mend


def whole(finding: Finding) -> str:
    """Return all that a finding says."""
    return f"{finding.message} {finding.evidence} {finding.mend}"
