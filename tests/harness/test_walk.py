"""One walk over a chain: each revision up, down and up again on the rows that stand there, then down from the heads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table

COUNTRY = "versions/0003_add_country.py"

JudgeChain = Callable[..., Run]


def told(run: Run, slug: str | None = None) -> list[tuple[str, str | None, str, str]]:
    """Return what was found, of one revision or of all: the check, the revision, the subject and the first words."""
    return [
        (one.check, one.revision, one.subject, one.message.partition(":")[0])
        for one in run.report.findings
        if slug is None or one.revision == slug
    ]


def test_each_sound_revision_runs_up_down_and_up_and_in_the_end_all_run_down(
    judge_chain: JudgeChain, tmp_path: Path
) -> None:
    log = tmp_path / "walked"

    def logged(name: str) -> Revision:
        sound = table(name)
        up, down = (f"open({str(log)!r}, 'a').write('{name} {way}\\n')" for way in ("up", "down"))
        return replace(sound, up=f"{up}\n{sound.up}", down=f"{down}\n{sound.down}")

    run = judge_chain(logged("a"), logged("b"))

    there_and_back = ["a up", "a down", "a up", "b up", "b down", "b up", "b down", "a down"]
    walked = log.read_text(encoding="utf-8").splitlines()
    assert run.report.findings == ()
    assert sorted(walked) == sorted([*there_and_back, "a up", "b up"])  # the deployment's, which runs beside the walk
    assert [line for line in walked if line.endswith("down")] == ["a down", "b down", "b down", "a down"]


def test_a_downgrade_that_fails_on_rows_is_found_though_the_next_revision_drops_the_table(
    judge_chain: JudgeChain,
) -> None:
    run = judge_chain(
        table("author", "id bigint PRIMARY KEY, code text NOT NULL"),
        Revision("drop_code", sql("ALTER TABLE author DROP code"), sql("ALTER TABLE author ADD code text NOT NULL")),
        Revision("drop_author", sql("DROP TABLE author"), sql("CREATE TABLE author (id bigint PRIMARY KEY)")),
    )

    words = "downgrade() passes on empty tables but fails on tables with rows"
    assert told(run) == [("roundtrip", "drop_code", "downgrade of drop_code", words)]
    (finding,) = run.report.findings
    assert finding.mend.startswith("in place of line 15 of chain_0/versions/drop_code.py: ")
    assert "ADD code text NOT NULL DEFAULT" in finding.mend
    assert "next revision" not in finding.mend


ITEM = Revision(
    "item",
    sql("CREATE TABLE item (id bigint PRIMARY KEY, qty text)", "INSERT INTO item VALUES (1, '7')"),
    sql("DROP TABLE item"),
)
UNREPEATABLE = {
    "whose downgrade leaves values that it cannot take": Revision(
        "count_items",
        sql("ALTER TABLE item ALTER qty TYPE integer USING qty::integer"),
        sql("ALTER TABLE item ALTER qty TYPE text USING qty::text || ' pcs'"),
    ),
    "whose downgrade leaves the row that it inserts": Revision("count_items", sql("INSERT INTO item VALUES (2, '8')")),
}
DEFECT = Revision(
    "shelf", sql("CREATE TABLE shelf (id bigint PRIMARY KEY)", "CREATE TABLE board ()"), sql("DROP TABLE shelf")
)


@pytest.mark.parametrize("neighbour", ["none", "before", "behind"])
@pytest.mark.parametrize("revision", UNREPEATABLE.values(), ids=UNREPEATABLE)
def test_an_upgrade_does_not_run_again(revision: Revision, neighbour: str, judge_chain: JudgeChain) -> None:
    chains = {"none": (ITEM, revision), "before": (ITEM, DEFECT, revision), "behind": (ITEM, revision, DEFECT)}

    run = judge_chain(*chains[neighbour])

    words = "Upgrading again after downgrade() fails"
    assert told(run, "count_items") == [("roundtrip", "count_items", "downgrade of count_items", words)]
    others = [("roundtrip", "shelf", "table public.board")]
    assert [one[:3] for one in told(run) if one[1] != "count_items"] == others * (neighbour != "none")


WITH_AN_ENUM = 'op.create_table("{name}", sa.Column("kind", sa.Enum("x", "y", name="kind")))'
# Alembic's context remembers the types that it made, so both pass in one run; the second is deployed in a run of its own.
IN_COMPANY = (
    Revision("first", WITH_AN_ENUM.format(name="first"), sql("DROP TABLE first", "DROP TYPE kind")),
    Revision("second", WITH_AN_ENUM.format(name="second"), sql("DROP TABLE second")),
)
MODELS = "target_metadata = MetaData()\nTable('extra', target_metadata, Column('id', Integer, primary_key=True))\n"


def test_a_revision_that_passes_in_one_run_alone_is_told_and_those_after_it_are_judged(judge_chain: JudgeChain) -> None:
    env = ENV.replace("import create_engine", "import Column, Integer, MetaData, Table, create_engine")
    env = env.replace("engine =", f"{MODELS}engine =").replace(
        "connection)", "connection, target_metadata=target_metadata)"
    )

    run = judge_chain(*IN_COMPANY, DEFECT, env=env, only=("upgrade", "roundtrip", "drift"))

    second = run.record.record_of("second")
    assert second is not None
    assert second.alone_failure is not None
    assert second.alone_failure.sqlstate == "42710"
    assert [one for one in told(run) if one[0] != "drift"] == [
        (
            "upgrade",
            "second",
            "upgrade of second",
            "upgrade() passes in one run with the revisions before it, but fails in a new process, as where those were deployed earlier",
        ),
        (
            "roundtrip",
            "shelf",
            "table public.board",
            "downgrade() does not restore the catalog. Exists in the catalog after the downgrade, missing in the catalog before the upgrade.",
        ),
    ]
    assert ("drift", None, "table public.extra") in [one[:3] for one in told(run)]


# The catalog that the second upgrade meets is the one that the first met; a sequence's value is no part of it.
SECOND_TIME = {
    "by other statements": "times.append(1)\nif len(times) == 2:\n    op.execute(\"COMMENT ON TABLE note IS 'again'\")",
    "in a block": sql("DO $$ BEGIN IF nextval('ticket') = 2 THEN COMMENT ON TABLE note IS 'again'; END IF; END $$"),
    "in a block behind a comment": sql(
        "-- say it\nDO $$ BEGIN IF nextval('ticket') = 2 THEN COMMENT ON TABLE note IS 'again'; END IF; END $$"
    ),
    "in a block behind another statement": sql(
        "SET LOCAL lock_timeout = '1s'; DO $$ BEGIN IF nextval('ticket') = 2 THEN COMMENT ON TABLE note IS 'again'; END IF; END $$"
    ),
    "by a cursor of the driver's": "times.append(1)\nif len(times) == 2:\n"
    "    op.get_bind().connection.cursor().execute(\"COMMENT ON TABLE note IS 'again'\")",
}


@pytest.mark.parametrize("up", SECOND_TIME.values(), ids=SECOND_TIME)
def test_another_catalog_the_second_time_is_found_though_the_next_revision_hides_it(
    up: str, judge_chain: JudgeChain
) -> None:
    note = Revision(
        "note", sql("CREATE TABLE note ()", "CREATE SEQUENCE ticket"), sql("DROP SEQUENCE ticket", "DROP TABLE note")
    )
    comments = Revision("comment", up, sql("COMMENT ON TABLE note IS NULL"), "times = []")
    hides = Revision("hide", sql("COMMENT ON TABLE note IS NULL"))

    run = judge_chain(note, comments, hides, only=("roundtrip",))

    words = "Upgrading again after downgrade() gives a different catalog."
    assert [(*one[:3], one[3].startswith(words)) for one in told(run)] == [
        ("roundtrip", "comment", "table public.note", True)
    ]


IN_THE_MIDDLE = {
    "leaves a table": (DEFECT, "table public.board"),
    "cannot be gone down": (
        Revision("shelf", sql("CREATE TABLE shelf ()"), sql("DROP TABLE self")),
        "downgrade of shelf",
    ),
    "comments the second time": (
        Revision(
            "shelf",
            "times.append(1)\nif len(times) == 2:\n    op.execute(\"COMMENT ON TABLE before IS 'again'\")",
            sql("COMMENT ON TABLE before IS NULL"),
            "times = []",
        ),
        "table public.before",
    ),
}


@pytest.mark.parametrize(("slip", "subject"), IN_THE_MIDDLE.values(), ids=IN_THE_MIDDLE)
def test_the_next_revision_is_not_charged_with_one_that(slip: Revision, subject: str, judge_chain: JudgeChain) -> None:
    run = judge_chain(table("before"), slip, table("after"))

    assert [one[:3] for one in told(run)] == [("roundtrip", "shelf", subject)]
    assert run.report.reached == {"before", "shelf", "after"}


def test_a_privilege_on_a_built_in_function_that_is_not_given_back_is_found(run_example: Callable[..., Run]) -> None:
    revokes = "def upgrade():\n    op.execute('REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC')\n"

    run = run_example(edits={COUNTRY: ("def upgrade():\n", revokes)}, only=("roundtrip",))

    assert [(one.check, one.revision) for one in run.report.findings] == [("roundtrip", "0003")]


def test_columns_that_become_different_enums_are_each_filled_with_the_labels_of_their_own(
    judge_chain: JudgeChain,
) -> None:
    types = ("CREATE TYPE a_status AS ENUM ('draft', 'ready')", "CREATE TYPE b_status AS ENUM ('sent', 'gone')")
    casts = [f"ALTER TABLE {one} ALTER status TYPE {one}_status USING status::{one}_status" for one in "ab"]
    back = [f"ALTER TABLE {one} ALTER status TYPE text" for one in "ab"]
    undone = ("DROP TYPE a_status", "DROP TYPE b_status")

    run = judge_chain(
        table("a", "id bigint PRIMARY KEY, status text NOT NULL"),
        table("b", "id bigint PRIMARY KEY, status text NOT NULL"),
        Revision("0003", sql(*types, *casts), sql(*back, *undone)),
        only=("upgrade",),
    )

    assert run.report.findings == ()


def test_of_a_step_whose_end_is_known_nobody_looks_where_it_commits(judge_chain: JudgeChain) -> None:
    def autocommitted(statement: str) -> str:
        return f"with op.get_context().autocommit_block():\n    {sql(statement)}"

    run = judge_chain(
        table("a", "id bigint PRIMARY KEY, name text NOT NULL"),
        Revision(
            "0002",
            autocommitted("CREATE INDEX CONCURRENTLY a_name ON a (name)")
            + "\n    "
            + sql("ALTER TABLE a ADD note text"),
            sql("ALTER TABLE a DROP note", "DROP INDEX a_name"),
        ),
        only=("upgrade", "roundtrip", "crash"),
    )

    last = run.record.revisions[-1]
    assert last.upgrade.commits
    assert last.reupgrade is not None
    assert last.reupgrade.snapshot == last.upgrade.snapshot
    assert last.reupgrade.commits == ()
