"""`locks`: what no table of pairs can say: limits, what is left alone, and what is asked of the migration's session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table

A = table("a", "id bigint PRIMARY KEY, x int")
ADD = Revision("add", sql("ALTER TABLE a ADD y int"), sql("ALTER TABLE a DROP y"))
ADD_AGAIN = Revision("again", sql("ALTER TABLE a ADD z int"), sql("ALTER TABLE a DROP z"))
LIMITED_ENV = ENV.replace('.url"))', '.url"), connect_args={"options": "-c lock_timeout=5s"})')


def told(run: Run) -> tuple[list[str], list[str]]:
    """Return what is found and what is noted by `locks`."""
    report = run.report
    return [one.message for one in report.findings], [one.message for one in report.notes if one.check == "locks"]


def test_that_no_lock_timeout_is_in_force_is_told_once_and_fails_nobody(judge_chain: Callable[..., Run]) -> None:
    found, noted = told(judge_chain(A, ADD, ADD_AGAIN, only=("locks",)))

    assert (found, len(noted)) == ([], 1)
    assert "`ALTER TABLE a ADD y int` while no lock_timeout is in force" in noted[0]
    assert "; so it is in 1 more revision" in noted[0]


def test_it_is_a_finding_of_each_later_revision_that_does_not_allow_it_where_that_is_asked_for(
    judge_chain: Callable[..., Run],
) -> None:
    """What was deployed already, what is new with the same deployment, and what a revision allows do not count."""
    lines = sql("CREATE TABLE fresh (id int)"), sql("DROP TABLE fresh")
    later = (
        Revision("fresh", *lines),
        Revision("on_fresh", sql("ALTER TABLE fresh ADD z int"), sql("ALTER TABLE fresh DROP z")),
        Revision(
            "allowed", sql("ALTER TABLE a ADD q int"), sql("ALTER TABLE a DROP q"), top='allow = {"locks": "few"}'
        ),
    )

    report = judge_chain(A, ADD, ADD_AGAIN, *later, only=("locks",), strict=("lock timeout",), since="add").report

    assert [(one.revision, one.subject, one.code) for one in report.findings] == [
        ("again", "table public.a", "PGH-W009")
    ]
    assert report.notes == ()


def test_a_lock_timeout_of_the_connection_is_seen(judge_chain: Callable[..., Run]) -> None:
    assert LIMITED_ENV != ENV

    assert told(judge_chain(A, ADD, env=LIMITED_ENV, only=("locks",))) == ([], [])


def test_what_a_revision_makes_itself_is_left_alone(judge_chain: Callable[..., Run]) -> None:
    statements = (
        "CREATE TABLE b (id bigint, x int)",
        "INSERT INTO b SELECT g, g FROM generate_series(1, 50) AS g",
        "CREATE INDEX b_x ON b (x)",
        "ALTER TABLE b ALTER x TYPE bigint, ADD PRIMARY KEY (id)",
        "UPDATE b SET x = x + 1",
    )

    assert told(judge_chain(Revision("b", sql(*statements), sql("DROP TABLE b")), only=("locks",))) == ([], [])


def test_what_only_the_way_back_looks_through_is_a_note_unless_that_is_asked_for(
    judge_chain: Callable[..., Run],
) -> None:
    """No downgrade can take the several steps that would spare it the lock."""
    loosen = Revision("loosen", sql("ALTER TABLE b ALTER x DROP NOT NULL"), sql("ALTER TABLE b ALTER x SET NOT NULL"))
    chain = (table("b", "id bigint PRIMARY KEY, x int NOT NULL"), loosen)

    found, noted = told(judge_chain(*chain, env=LIMITED_ENV, only=("locks",)))
    strict, _ = told(judge_chain(*chain, env=LIMITED_ENV, only=("locks",), strict=("downgrade locks",)))

    assert (found, len(noted), len(strict)) == ([], 1, 1)
    assert "downgrade() holds ACCESS EXCLUSIVE on public.b" in noted[0]
    assert "downgrade() holds ACCESS EXCLUSIVE on public.b" in strict[0]


def test_since_leaves_out_tables_that_came_later(judge_chain: Callable[..., Run]) -> None:
    chain = (
        A,
        table("b", "id bigint PRIMARY KEY, x int"),
        Revision("index_b", sql("CREATE INDEX b_x ON b (x)"), sql("DROP INDEX b_x")),
        Revision("index_a", sql("CREATE INDEX a_x ON a (x)"), sql("DROP INDEX a_x")),
    )

    judged = {since: judge_chain(*chain, only=("locks",), since=since).report.findings for since in (None, "a")}

    assert [one.subject for one in judged[None]] == ["table public.b", "table public.a"]
    assert [one.subject for one in judged["a"]] == ["table public.a"]


def test_rows_that_an_index_finds_are_no_work(judge_chain: Callable[..., Run]) -> None:
    """On four rows the planner reads them all; where there are millions it does not."""
    lookups = (
        "op.execute('ALTER TABLE a ADD y int')\n"
        "op.execute('UPDATE a SET y = 1 WHERE id = 3')\n"
        "op.get_bind().execute(sa.text('UPDATE a SET y = :y WHERE id = :id'), {'y': 1, 'id': 4})\n"
        "op.execute(\"DELETE FROM a WHERE id = 99 AND x::text LIKE 'a%'\")"
    )
    chain = (A, Revision("index", sql("CREATE INDEX a_x ON a (x)")), Revision("looks_up", lookups))

    found = judge_chain(*chain, only=("locks",)).report.findings

    assert [one.revision for one in found] == ["index"]


def test_the_trace_changes_nothing_of_what_a_migration_does(judge_chain: Callable[..., Run]) -> None:
    """Its own isolation level, which can be chosen only before the first snapshot; its transaction; what it says."""
    notes: dict[str, Any] = {}
    statements = (
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "ALTER TABLE a ADD y text",
        "UPDATE a SET y = current_setting('transaction_isolation') || pg_current_xact_id_if_assigned()::text",
        "DO $$ BEGIN RAISE NOTICE 'heard'; END $$",
        "CREATE TABLE seen AS SELECT current_setting('transaction_isolation') AS level, count(DISTINCT y) AS transactions FROM a",
    )
    chain = (A, Revision("add", sql(*statements), sql("DROP TABLE seen", "ALTER TABLE a DROP y")))
    for name, only in (("plain", ("roundtrip",)), ("traced", ("locks",))):
        record = judge_chain(*chain, only=only).record
        steps = [step for item in record.revisions for step in (item.upgrade, item.downgrade, item.reupgrade) if step]
        notes[name] = [
            (step.snapshot, step.failure, step.notices, [one.said for one in step.statements]) for step in steps
        ]

    assert notes["plain"] == notes["traced"]
    assert [one.message for one in notes["traced"][3][2]] == ["heard"]
    assert notes["traced"][3][1] is None


def test_rows_that_were_put_aside_and_come_back_under_a_lock_are_work_and_rows_that_a_statement_names_are_none(
    judge_chain: Callable[..., Run],
) -> None:
    back = ("TRUNCATE a", "INSERT INTO a SELECT * FROM kept")
    aside = Revision("aside", sql("CREATE TABLE kept AS SELECT * FROM a", *back), sql("DROP TABLE kept"))
    named = Revision("named", sql("CREATE TABLE kept (id bigint)", "INSERT INTO kept VALUES (1)", *back))

    found, _ = told(judge_chain(A, aside, only=("locks",)))
    of_named, _ = told(judge_chain(A, named, only=("locks",)))

    assert [one for one in found if "`INSERT INTO a SELECT * FROM kept` writes the rows of public.a" in one] == found
    assert len(found) == 1
    assert of_named == []


def test_what_is_read_under_a_lock_is_to_be_read_before_it_and_not_sent_once_more(
    judge_chain: Callable[..., Run],
) -> None:
    alters = "op.execute('ALTER TABLE a ADD COLUMN c int')"
    writes = (
        "for (one,) in op.get_bind().execute(sa.text('SELECT id FROM a')).all():\n"
        "    op.get_bind().execute(sa.text('UPDATE a SET b = 1 WHERE id = :one'), {'one': one})"
    )
    reads, mended = f"{alters}\n{writes}", f"{writes}\n{alters}"
    before = table("a", "id int PRIMARY KEY, b int")

    back = "op.execute('ALTER TABLE a DROP COLUMN c')"

    bad, good = (
        judge_chain(before, Revision("reads", up, back), only=("locks",)).report.findings for up in (reads, mended)
    )

    assert [one.code for one in bad] == ["PGH-W006"]
    assert bad[0].mend.startswith("read before the statement that takes the lock")
    assert "op.execute" not in bad[0].mend
    assert good == ()


def test_a_materialized_view_that_is_filled_under_a_lock_is_to_be_made_in_a_revision_of_its_own(
    judge_chain: Callable[..., Run],
) -> None:
    fills = "CREATE MATERIALIZED VIEW sums AS SELECT count(*) AS n FROM a"
    both = Revision("fills", sql("ALTER TABLE a ADD COLUMN c int", fills))
    apart = (Revision("adds", sql("ALTER TABLE a ADD COLUMN c int")), Revision("fills", sql(fills)))
    before = table("a", "id int PRIMARY KEY, b int")

    bad, good = (judge_chain(before, *one, only=("locks",)).report.findings for one in ((both,), apart))

    assert [one.code for one in bad] == ["PGH-W006"]
    assert bad[0].mend.startswith("do it in a revision of its own")
    assert f'op.execute("{fills}")' in bad[0].mend
    assert [one.code for one in good if one.code != "PGH-W010"] == []


def test_work_on_rows_is_seen_where_only_the_way_back_fails(judge_chain: Callable[..., Run]) -> None:
    works = Revision("works", sql("ALTER TABLE a ADD COLUMN c int", "UPDATE a SET c = b"))

    run = judge_chain(table("a", "id int PRIMARY KEY, b int"), works, only=("locks",))

    assert run.record.revisions[-1].reupgrade is not None
    assert run.record.revisions[-1].reupgrade.failure is not None
    assert [one.code for one in run.report.findings] == ["PGH-W006"]


def test_a_line_that_sends_several_statements_is_not_to_be_replaced_as_a_whole(judge_chain: Callable[..., Run]) -> None:
    """What a loop or a batch sends besides would be lost."""
    loop = Revision(
        "loop",
        "for name in ('x', 'y'):\n    op.create_index(f'a_{name}', 'a', [name])\nop.create_index('a_x_y', 'a', ['x', 'y'])",
        "for name in ('a_x_y', 'a_x', 'a_y'):\n    op.drop_index(name)",
    )

    found = judge_chain(table("a", "id bigint PRIMARY KEY, x int, y int"), loop, only=("locks",)).report.findings

    assert [one.mend.partition(" of chain_0")[0] for one in found] == [
        "in place of this one of 2 statements of line 12",
        "in place of this one of 2 statements of line 12",
        "in place of line 13",
    ]


def test_a_type_that_a_column_has_until_another_takes_its_place_is_told_to_be_dropped_with_the_last(
    judge_chain: Callable[..., Run],
) -> None:
    makes = Revision(
        "makes",
        sql("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE a (id int PRIMARY KEY, mood mood)"),
        sql("DROP TABLE a", "DROP TYPE mood"),
    )
    swaps = Revision(
        "swaps",
        sql(
            "ALTER TYPE mood RENAME TO before",
            "CREATE TYPE mood AS ENUM ('sad', 'glad')",
            "ALTER TABLE a ALTER mood TYPE mood USING mood::text::mood",
            "DROP TYPE before",
        ),
        top="irreversible = 'it stays'",
        down="raise NotImplementedError(irreversible)",
    )

    (found,) = judge_chain(makes, swaps, only=("locks",)).report.findings

    assert found.code == "PGH-W002"
    assert "; and what line 14 drops, which the column has until then, at the end of the last of them" in found.mend
