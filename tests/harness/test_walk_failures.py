"""A revision that fails is told, and all the others are walked and judged all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pgharness.judging.judging import judge, wanted_checks
from pgharness.judging.rules import Rules
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table
from tests.harness.test_walk import DEFECT, MODELS, told

JudgeChain = Callable[..., Run]

FAILS = Revision("fails", sql("CREATE TABLE half ()", "SELECT 1/0"), sql("DROP TABLE half"))
ENV_WITH_MODELS = (
    ENV.replace("import create_engine", "import Column, Integer, MetaData, Table, create_engine")
    .replace("engine =", f"{MODELS}engine =")
    .replace("connection)", "connection, target_metadata=target_metadata)")
)


def test_those_behind_a_revision_that_fails_are_judged_by_themselves(judge_chain: JudgeChain) -> None:
    run = judge_chain(
        table("author"),
        FAILS,
        Revision("uses", sql("ALTER TABLE half ADD id int")),
        Revision("uses_too", sql("ALTER TABLE half ADD name int")),
        DEFECT,
        Revision("dies", "import os\nos._exit(3)"),
        Revision("cancelled", "import asyncio\nraise asyncio.CancelledError"),
        Revision("misspelt", "op.add_colum('half', sa.Column('id', sa.Integer))"),
        Revision("in_transaction", sql("CREATE INDEX CONCURRENTLY q ON author (id)")),
        Revision("of_none", "op.get_bind().execute(sa.text('SELECT FROM author WHERE false')).first()[0]"),
        table("book", "id bigint PRIMARY KEY, author_id bigint REFERENCES author"),
    )

    assert told(run) == [
        ("upgrade", "fails", "upgrade of fails", "It fails"),
        ("upgrade", "misspelt", "upgrade of misspelt", told(run, "misspelt")[0][3]),
        ("upgrade", "in_transaction", "upgrade of in_transaction", told(run, "in_transaction")[0][3]),
        ("roundtrip", "shelf", "table public.board", told(run, "shelf")[0][3]),
    ]
    assert [(note.revision, note.message) for note in run.report.notes] == [
        (
            "fails",
            "passed over, behind which nothing is known of what fails too: uses, uses_too, dies, cancelled, of_none",
        ),
    ]
    assert run.report.reached == {"author", "shelf", "book"}
    book = run.record.record_of("book")
    assert book is not None
    assert book.before.objects("table") == run.record.record_of("dies").before.objects("table")  # type: ignore[union-attr]


def test_what_a_revision_that_fails_would_have_made_is_blamed_on_none_behind_it(judge_chain: JudgeChain) -> None:
    makes = ("CREATE INDEX ix_a ON a (name)", "CREATE VIEW av AS SELECT id FROM a", "ALTER TABLE nope ADD x int")
    run = judge_chain(
        table("a", "id int PRIMARY KEY, name text"),
        Revision("fails", sql(*makes), sql("DROP VIEW av", "DROP INDEX ix_a")),
        Revision("drops_index", sql("DROP INDEX IF EXISTS ix_a"), sql("CREATE INDEX ix_a ON a (name)")),
        Revision("drops_view", sql("DROP VIEW IF EXISTS av"), sql("CREATE VIEW av AS SELECT id FROM a")),
        Revision("mistypes", sql("DROP INDEX IF EXISTS xi_a"), sql("CREATE INDEX other ON a (name)")),
        only=("upgrade", "roundtrip", "notices"),
    )

    assert {(one.code, one.revision) for one in run.report.findings} == {
        ("PGH-U001", "fails"),
        ("PGH-R004", "mistypes"),
        ("PGH-N003", "mistypes"),
    }
    noted = {one.check: one.message.rpartition(": ")[2] for one in run.report.notes if one.revision == "fails"}
    assert noted["roundtrip"] == "index public.ix_a [drops_index], view public.av [drops_view]"
    assert noted["notices"] == "upgrade of drops_index [drops_index], upgrade of drops_view [drops_view]"


def test_downgrades_are_not_blamed_for_what_stood_before_the_chain_where_an_upgrade_lacks_it_too(
    judge_chain: JudgeChain,
) -> None:
    run = judge_chain(
        Revision("begins"),
        Revision("adds_to_old", sql("ALTER TABLE old ADD x int"), sql("ALTER TABLE old DROP x")),
        Revision("looks_first", sql("ALTER TABLE IF EXISTS older ADD x int"), sql("ALTER TABLE older DROP x")),
        table("author"),
        Revision("forgets", sql("ALTER TABLE author ADD x int"), sql("ALTER TABLE author DROP x", "DROP VIEW author")),
        only=("upgrade", "roundtrip"),
    )

    assert {(one.code, one.revision) for one in run.report.findings} == {
        ("PGH-U001", "adds_to_old"),
        ("PGH-R002", "forgets"),
    }
    assert [(one.revision, one.message) for one in run.report.notes if one.check == "roundtrip"] == [
        (
            "adds_to_old",
            "it lacks what nobody made, so nothing is said of downgrades behind it that do too: [looks_first]",
        )
    ]


def test_a_downgrade_that_lacks_what_nobody_made_is_told_where_no_upgrade_does(judge_chain: JudgeChain) -> None:
    run = judge_chain(
        Revision("looks_first", sql("ALTER TABLE IF EXISTS older ADD x int"), sql("ALTER TABLE older DROP x")),
        only=("upgrade", "roundtrip"),
    )

    assert [(one.code, one.revision) for one in run.report.findings] == [("PGH-R002", "looks_first")]


@pytest.mark.timeout(120)
def test_a_downgrade_that_refuses_with_rows_of_the_new_schema_and_without_is_tried_with_and_without_them_once(
    judge_chain: JudgeChain,
) -> None:
    named = table("author", "id bigint PRIMARY KEY, name text NOT NULL")
    refuses = Revision("refuses", sql("ALTER TABLE author ALTER name DROP NOT NULL"), "raise RuntimeError('no way')")

    run = judge_chain(named, refuses, only=("upgrade", "roundtrip", "data"))

    assert [one[:3] for one in told(run)] == [("roundtrip", "refuses", "downgrade of refuses")]


def test_a_downgrade_that_fails_behind_a_revision_that_fails_is_told_where_its_upgrade_passes(
    judge_chain: JudgeChain,
) -> None:
    slip = Revision("slip", sql("CREATE INDEX q ON author (id)"), sql("DROP INDEX qq"))
    sound = Revision("sound", sql("CREATE INDEX r ON author (id)"), sql("DROP INDEX r"))

    run = judge_chain(table("author"), FAILS, slip, sound)

    assert [one[:3] for one in told(run)] == [
        ("upgrade", "fails", "upgrade of fails"),
        ("roundtrip", "slip", "downgrade of slip"),
    ]


def test_a_revision_that_ends_its_process_up_or_down_fails_like_any_other(judge_chain: JudgeChain) -> None:
    dies = "import os\nprint('so long', flush=True)\nos._exit(3)"

    down = judge_chain(table("author"), replace(table("gone"), down=dies), DEFECT)
    up = judge_chain(table("author"), Revision("gone", dies), only=("upgrade",))

    assert [one[:3] for one in told(down)] == [
        ("roundtrip", "gone", "downgrade of gone"),
        ("roundtrip", "shelf", "table public.board"),
    ]
    assert [one[:3] for one in told(up)] == [("upgrade", "gone", "upgrade of gone")]
    assert "so long" in up.report.findings[0].message


# A temporary table lasts as long as the transaction, and env.py runs the whole chain in one.
IN_ONE_TRANSACTION = (
    Revision("keeps", sql("CREATE TEMPORARY TABLE kept (id int) ON COMMIT DROP", "INSERT INTO kept VALUES (1)")),
    Revision("takes", sql("CREATE TABLE taken (id) AS SELECT id FROM kept"), sql("DROP TABLE taken")),
)


def test_what_only_the_deployment_in_one_transaction_passes_is_told_and_the_heads_are_judged(
    judge_chain: JudgeChain,
) -> None:
    run = judge_chain(*IN_ONE_TRANSACTION, DEFECT, env=ENV_WITH_MODELS, only=("upgrade", "roundtrip", "drift"))

    found = told(run)
    alone = judge(run.record, wanted_checks(("drift",), ()), Rules())
    since = judge(run.record, wanted_checks((), ("roundtrip",)), Rules(since="takes"))
    assert [result.name for result in alone] == ["drift", "declarations"]
    assert "upgrade" not in {finding.check for result in since for finding in result.findings}
    assert [one[:2] for one in found if one[0] == "upgrade"] == [("upgrade", "takes")]
    assert "passes in one run with the revisions before it, but fails in a new process" in found[0][3]
    assert ("roundtrip", "shelf", "table public.board") in [one[:3] for one in found]
    assert ("drift", None, "table public.extra") in [one[:3] for one in found]
    assert run.report.reached == {"keeps", "takes", "shelf"}


def test_what_only_the_walk_fails_is_no_finding(judge_chain: JudgeChain) -> None:
    env = ENV.replace(
        "        context.run", "        connection.execute(text(\"SET LOCAL app.tenant = 'a'\"))\n        context.run"
    )

    run = judge_chain(
        table("author"),
        Revision("named", sql("DO $$ BEGIN PERFORM 1 / length(current_setting('app.tenant')); END $$")),
        DEFECT,
        env=env,
    )

    assert [one[:3] for one in told(run)] == [("roundtrip", "shelf", "table public.board")]
    (note,) = run.report.notes
    assert note.revision == "named"
    assert note.message.startswith(
        "upgrade() passes as env.py deploys it, and fails where pgharness runs it one by one"
    )


def test_what_keeps_the_chain_from_its_heads_is_told_whatever_is_wanted_and_allowed(judge_chain: JudgeChain) -> None:
    run = judge_chain(
        table("author"), replace(FAILS, top="allow = {'upgrade': 'once'}"), DEFECT, env=ENV_WITH_MODELS, only=("drift",)
    )

    skipping = judge(run.record, wanted_checks((), ("upgrade", "roundtrip")), Rules(since="fails"))
    graph_alone = judge(run.record, wanted_checks(("graph",), ()), Rules())
    fails = ("upgrade", "fails", "upgrade of fails")
    assert [one[:3] for one in told(run)] == [fails]
    assert [(one.check, one.revision, one.subject) for result in skipping for one in result.findings] == [fails]
    assert [result.name for result in graph_alone] == ["graph", "declarations"]


def test_a_revision_that_commits_itself_is_told_that_nobody_commits_what_comes_after(judge_chain: JudgeChain) -> None:
    up = "op.get_bind().commit()\nop.execute('ALTER TABLE a ADD note text')"
    later = Revision("later", up, "op.execute('ALTER TABLE a DROP note')\nop.get_bind().commit()")

    up_finding, *others = judge_chain(table("a"), later).report.findings

    assert (up_finding.code, up_finding.revision) == ("PGH-U001", "later")
    assert "nobody commits what comes after it" in up_finding.message
    assert "leave commit() and rollback() of op.get_bind() out" in up_finding.mend
    assert others == []


def test_a_session_that_commits_within_alembics_transaction_is_none_of_it(judge_chain: JudgeChain) -> None:
    up = "from sqlalchemy.orm import Session\nsession = Session(op.get_bind())\nsession.execute(sa.text('SELECT 1'))\nsession.commit()"

    assert judge_chain(table("a"), Revision("later", up)).report.findings == ()
