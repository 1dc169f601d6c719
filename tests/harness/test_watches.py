"""A watch sees a migration's moments in order, asks the migration's own session, and changes nothing of what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pgharness.chain.conversation import Conversation, converse
from pgharness.chain.messages import DOWN, UP, Direction
from pgharness.chain.project import Project, open_project
from pgharness.chain.watch import Ask, Moment, Watch
from pgharness.databases import Database
from pgharness.records.statements import Statement
from pgharness.records.steps import Step
from pgharness.running import Run
from pgharness.settings import load_settings
from pgharness.trace.watch import TraceWatch
from tests.harness.chains import Revision, sql, write_chain

ALL: frozenset[Moment] = frozenset({"before_statement", "after_statement", "after_commit"})
EXISTS = "SELECT to_regclass('a') IS NOT NULL"
BACKEND = "SELECT pg_backend_pid()"
A = Revision("a", sql("CREATE TABLE a ()", "COMMENT ON TABLE a IS 'one'"), sql("DROP TABLE a"))


@dataclass
class Recorder:
    """A watch that notes what it sees, and what the migration's session answers."""

    wants: frozenset[Moment] = ALL
    query: str = EXISTS
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)

    def before_statement(self, statement: Statement, ask: Ask) -> None:
        """Note it."""
        self._note("before", statement.sql, ask)

    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """Note it."""
        self._note("after", statement.sql, ask)

    def after_commit(self, ask: Ask) -> None:
        """Note it."""
        self._note("commit", "", ask)

    def after_step(self, _step: Step, ask: Ask) -> None:
        """Note it."""
        self._note("step", "", ask)

    def _note(self, moment: str, text: str, ask: Ask) -> None:
        self.seen.append((moment, " ".join(text.split()[:3]), ask(self.query)[0][0]))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Open a chain of one revision."""
    opened = open_project(load_settings(None, alembic=write_chain(tmp_path / "chain", (A,))))
    with opened.runs.agent:
        yield opened


def steps_of(project: Project, database: Database, watches: Sequence[Watch] = ()) -> list[Step]:
    """Run the revision up and down."""
    with converse(project, database) as conversation:
        return list(conversation.steps([("a", UP), ("a", DOWN)], apart=True, watches=watches))


def test_all_moments_are_seen_in_order(project: Project, empty_database: Database) -> None:
    watch = Recorder()

    steps_of(project, empty_database, [watch])

    up = watch.seen[: watch.seen.index(("step", "", "True"))]
    assert up[[words for _, words, _ in up].index("CREATE TABLE a") :] == [
        ("before", "CREATE TABLE a", "False"),
        ("after", "CREATE TABLE a", "True"),
        ("before", "COMMENT ON TABLE", "True"),
        ("after", "COMMENT ON TABLE", "True"),
        ("before", "INSERT INTO alembic_version", "True"),
        ("after", "INSERT INTO alembic_version", "True"),
        ("commit", "", "True"),
    ]
    assert watch.seen[-2:] == [("commit", "", "False"), ("step", "", "False")]


def test_it_asks_the_session_of_the_migration(project: Project, empty_database: Database, tmp_path: Path) -> None:
    watch = Recorder(query=BACKEND)
    file = next(Path(one.path) for one in project.chain.revisions)
    log = tmp_path / "backend"
    writes = f"open({str(log)!r}, 'w').write(str(op.get_bind().scalar(sa.text({BACKEND!r}))))\n    op.execute('CREATE TABLE a"
    file.write_text(file.read_text(encoding="utf-8").replace("op.execute('CREATE TABLE a", writes), encoding="utf-8")

    steps_of(project, empty_database, [watch])

    assert {answer for *_, answer in watch.seen} == {log.read_text(encoding="utf-8")}


@pytest.mark.parametrize("reader", ["by hand", "a step that failed"])
def test_rows_that_were_read_before_a_step_are_none_that_it_reads(
    tmp_path: Path, empty_database: Database, reader: str
) -> None:
    """Nobody has committed them, so that nothing but the beginning of the step hands the counters over."""
    made = sql("CREATE TABLE a (x int)", "INSERT INTO a SELECT generate_series(1, 11)", "CREATE INDEX a_x ON a (x)")
    fails = sql("SELECT count(*) FROM a", "SELECT 1/0")
    ini = write_chain(tmp_path / "chain", (Revision("a", made, sql("DROP INDEX a_x")), Revision("b", fails)))
    looks = tmp_path / "looks.py"
    looks.write_text("def look(c):\n    c.exec_driver_sql('SELECT count(*) FROM a').scalar()\n", encoding="utf-8")
    opened = open_project(load_settings(None, alembic=ini))

    with opened.runs.agent, converse(opened, empty_database) as conversation, empty_database.connect() as observer:
        watch = TraceWatch(observer, conversation.backend, (conversation.version_table,))
        list(conversation.steps([("a", UP)], apart=True, watches=[watch]))
        watch.take()
        if reader == "by hand":
            assert conversation.by_hand(looks, "look") is None
        else:
            list(conversation.steps([("b", UP)], apart=True))
        list(conversation.steps([("a", DOWN)], apart=True, watches=[watch]))

        assert [work.doing for one in watch.take().statements for work in one.works] == []


def test_a_moment_that_nobody_wants_is_not_waited_for(project: Project, empty_database: Database) -> None:
    watch = Recorder(wants=frozenset({"after_commit"}))

    steps_of(project, empty_database, [watch])

    assert {moment for moment, *_ in watch.seen} == {"commit", "step"}


def test_a_question_is_no_statement_of_the_step(project: Project, empty_database: Database) -> None:
    watched = steps_of(project, empty_database, [Recorder(query="SELECT 'asked'")])

    assert not any("asked" in statement.sql for step in watched for statement in step.statements)


def test_a_question_after_a_commit_leaves_no_transaction_open(project: Project, empty_database: Database) -> None:
    states = []
    with (
        converse(project, empty_database) as conversation,
        empty_database.connect() as observer,
    ):
        watch = Recorder(query=BACKEND)
        for _ in conversation.steps([("a", UP), ("a", DOWN)], apart=True, watches=[watch]):
            backend = int(str(watch.seen[-1][2]))
            states += observer.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [backend]).fetchall()

    assert states == [("idle",), ("idle",)]


def test_a_walk_with_a_watch_gives_the_same_record_as_one_without(
    judge_chain: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = "with op.get_context().autocommit_block():\n    op.execute('{} INDEX CONCURRENTLY ix {}')"
    index = Revision("index", block.format("CREATE", "ON a (x)"), block.format("DROP", ""))
    chain = (
        A,
        Revision("b", sql("ALTER TABLE a ADD x int"), sql("ALTER TABLE a DROP x")),
        index,
        Revision("odd", sql("SELECT 1/0")),
    )
    without = judge_chain(*chain)
    watch = Recorder()
    steps = Conversation.steps

    def watched_steps(
        self: Conversation, asked: Sequence[tuple[str, Direction]], *, apart: bool, watches: Sequence[Watch] = ()
    ) -> Iterator[Step]:
        return steps(self, asked, apart=apart, watches=[*watches, watch])

    monkeypatch.setattr(Conversation, "steps", watched_steps)

    watched = judge_chain(*chain)

    assert {moment for moment, *_ in watch.seen} == {"before", "after", "commit", "step"}
    assert recorded(watched) == recorded(without)


def recorded(run: Run) -> object:
    """Return what checks judge by: statements, catalogs, failures; no durations, and no paths."""

    def of(step: Step | None) -> object:
        failure = step and step.failure and replace(step.failure, frames=())
        return step and ([one.said for one in step.statements], step.snapshot, failure, step.notices)

    return [(of(one.upgrade), of(one.downgrade), of(one.reupgrade)) for one in run.record.revisions], run.record.descent
