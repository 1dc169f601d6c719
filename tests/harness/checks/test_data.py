"""`data` tells the statement that lost something, what met no row, and what people wrote by hand; the losses themselves are pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.findings import Finding
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

PEOPLE = Revision(
    "people",
    sql("CREATE TABLE people (id int PRIMARY KEY, name text)", "INSERT INTO people VALUES (1, 'Ada'), (2, 'Grace')"),
    sql("DROP TABLE people"),
)
SHOUTS = Revision(
    "shouts", sql("UPDATE people SET name = name WHERE id = 1", "UPDATE people SET name = upper(name)", "SELECT 1")
)
MEETS_NOTHING = Revision("meets_nothing", sql("UPDATE people SET name = 'Joan' WHERE name = 'Jo'"))
MEETS_NONE = replace(MEETS_NOTHING, up=sql("UPDATE people SET name = 'Joan' WHERE length(name) > 5000"))
SPLITS = Revision(
    "splits",
    sql("ALTER TABLE people ADD last text", "UPDATE people SET last = split_part(name, ' ', 2) WHERE name LIKE '% %'"),
    sql("ALTER TABLE people DROP last"),
)
ROWS = """\
-- before
INSERT INTO people VALUES (7, 'Joan Clarke');
-- after_upgrade
SELECT last = 'Clarke' FROM people WHERE id = 7;
SELECT last = 'Ada' FROM people WHERE id = 1;
-- after_downgrade
SELECT 1 FROM people WHERE id = 8;
"""
MODULE = """\
from sqlalchemy import text

def before(connection):
    connection.execute(text("INSERT INTO people VALUES (9, 'Jo')"))

def after_upgrade(connection):
    assert connection.scalar(text("SELECT name FROM people WHERE id = 9")) == 'Joan', "it is called otherwise"

def after_downgrade(connection):
    assert False, "it never goes back"
"""


TAKES_NUMBERS = Revision(
    "takes_numbers",
    sql("ALTER TABLE people ADD number int", "DELETE FROM mark WHERE key = '_number'"),
    sql("INSERT INTO mark SELECT id, '_number' FROM people", "ALTER TABLE people DROP number"),
)
WRITES_ONLY = Revision(
    "writes_only", sql("ALTER TABLE mark ADD q int"), sql("INSERT INTO mark VALUES (8, 'x')", "ALTER TABLE mark DROP q")
)


def test_a_way_back_that_writes_what_the_way_there_deletes_is_a_note_and_other_rows_of_it_are_found(
    judge_chain: Callable[..., Run],
) -> None:
    marks = Revision("marks", sql("CREATE TABLE mark (person_id int, key text)"), sql("DROP TABLE mark"))

    run = judge_chain(PEOPLE, marks, TAKES_NUMBERS, WRITES_ONLY, only=("data",), rows_per_table=0)

    found = [(one.revision, one.code, one.subject) for one in run.report.findings]
    assert found == [("writes_only", "PGH-V008", "table public.mark")]
    assert [
        one.revision for one in run.report.notes if "that is the way back where they stood there" in one.message
    ] == ["takes_numbers"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write rows and assertions for two revisions, and a file that is nobody's."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "splits.sql").write_text(ROWS, encoding="utf-8")
    (folder / "meets_nothing.py").write_text(MODULE, encoding="utf-8")
    (folder / "split.sql").write_text(ROWS, encoding="utf-8")
    return folder


def told(run: Run, code: str) -> list[Finding]:
    """Return the findings of a kind."""
    return [one for one in run.report.findings if one.code == code]


def test_a_loss_is_told_with_its_statement_and_what_met_no_row_is_a_note(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(PEOPLE, SHOUTS, MEETS_NONE, only=("data",))

    (found,) = run.report.findings
    assert (found.revision, found.subject) == ("shouts", "column public.people.name")
    assert found.evidence.splitlines() == [
        "id=1: 'Ada' became 'ADA'",
        "id=2: 'Grace' became 'GRACE'",
        "after: UPDATE people SET name = upper(name)",
    ]
    lines = Path(run.record.chain.revisions[1].path).read_text(encoding="utf-8").splitlines()
    assert found.line is not None
    assert "upper" in lines[found.line - 1]
    (note,) = (one for one in run.report.notes if one.check == "data")
    assert note.revision == "meets_nothing"
    assert "met no row, so what it does was not tried" in note.message


def test_rows_and_assertions_by_hand_are_tried_and_an_unused_file_is_told(
    judge_chain: Callable[..., Run], folder: Path
) -> None:
    run = judge_chain(PEOPLE, MEETS_NOTHING, SPLITS, only=("data",), data_folder=folder)

    assert [(one.revision, one.subject, one.evidence) for one in told(run, "PGH-V012")] == [
        ("meets_nothing", "after_downgrade of meets_nothing", "AssertionError: it never goes back"),
        ("splits", "after_upgrade of splits", "it gives None"),
        ("splits", "after_downgrade of splits", "it gives no row"),
    ]
    assert [one.subject for one in told(run, "PGH-V013")] == [f"file {folder / 'split.sql'}"]
    assert [one for one in run.report.notes if one.check == "data" and "met no row" in one.message] == []
    (changed,) = told(run, "PGH-V001")
    assert changed.evidence.splitlines()[0] == "id=9: 'Jo' became 'Joan'"


def test_values_are_told_to_nobody_where_they_are_to_be_kept_secret(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(PEOPLE, SHOUTS, only=("data",), redact=True)

    (found,) = run.report.findings
    assert found.subject == "column public.people.name"
    assert "Grace" not in f"{found.message}{found.mend}{found.evidence}"


def test_keys_are_part_of_a_fix_unless_values_are_to_be_kept_secret(judge_chain: Callable[..., Run]) -> None:
    seeds = Revision("seeds", sql("INSERT INTO people VALUES (71, 'Jo')"), sql("DELETE FROM people"))

    (open_,), (secret,) = (
        told(judge_chain(PEOPLE, seeds, only=("data",), redact=one), "PGH-V007") for one in (False, True)
    )

    assert "op.execute(\"DELETE FROM public.people WHERE id IN ('71')\")" in open_.mend
    assert "71" not in secret.mend
    assert f"leave out line {secret.line}" in secret.mend


def test_rows_with_the_numbers_that_their_sequence_gives_next_are_found_where_it_was_not_moved(
    judge_chain: Callable[..., Run],
) -> None:
    def seeds(name: str, *more: str) -> Revision:
        made = f"CREATE TABLE {name} (id serial PRIMARY KEY, word text)"
        return Revision(
            name,
            sql(made, f"INSERT INTO {name} (id, word) VALUES (1, 'a'), (2, 'b')", *more),
            sql(f"DROP TABLE {name}"),
        )

    run = judge_chain(
        seeds("colour"),
        seeds(
            "moved", "SELECT setval(pg_get_serial_sequence('public.moved', 'id'), (SELECT max(id) FROM public.moved))"
        ),
        seeds("far", "UPDATE far SET id = id + 900000"),
        only=("data",),
        strict=("given numbers",),
    )

    (found,) = told(run, "PGH-V014")
    assert (found.revision, found.subject) == ("colour", "column public.colour.id")
    assert found.evidence.startswith("statement: INSERT INTO colour")
    assert f"behind line {found.line} of " in found.mend
    assert "setval(pg_get_serial_sequence('public.colour', 'id'), (SELECT max(id) FROM public.colour))" in found.mend


def test_rows_with_the_numbers_that_their_sequence_gives_next_are_notes_where_nobody_asked_for_more(
    judge_chain: Callable[..., Run],
) -> None:
    made = Revision("made", sql("CREATE TABLE hue (id serial PRIMARY KEY, word text)"), sql("DROP TABLE hue"))
    seeds = "INSERT INTO hue (id, word) SELECT n, 'a' FROM generate_series(5, 90) AS n ON CONFLICT DO NOTHING"
    seeded = Revision("seeded", sql(seeds), sql("DELETE FROM hue WHERE word = 'a'"))

    run = judge_chain(made, seeded, only=("data", "compat"))

    noted = {one.check for one in run.report.notes if one.revision == "seeded" and "given numbers" in one.message}
    assert noted == {"data", "compat"}
    assert [one for one in run.report.findings if "setval" in one.mend] == []


def test_columns_that_their_sequence_does_not_number_and_sequences_near_their_end_are_no_fault(
    judge_chain: Callable[..., Run],
) -> None:
    code = Revision(
        "code",
        sql(
            "CREATE SEQUENCE inv_no",
            "CREATE TABLE inv (code text UNIQUE DEFAULT 'INV-' || nextval('inv_no'))",
            "ALTER SEQUENCE inv_no OWNED BY inv.code",
            "INSERT INTO inv VALUES ('INV-1')",
        ),
        sql("DROP TABLE inv"),
    )
    wide = "id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 10000000) PRIMARY KEY"
    steps = Revision(
        "steps", sql(f"CREATE TABLE steps ({wide})", "INSERT INTO steps VALUES (7)"), sql("DROP TABLE steps")
    )
    last = Revision(
        "last",
        sql("CREATE TABLE last (id bigserial PRIMARY KEY)", "SELECT setval('last_id_seq', 9223372036854775807)"),
        sql("DROP TABLE last"),
    )
    own = Revision(
        "own",
        sql(
            "CREATE TABLE own (id serial PRIMARY KEY)",
            "ALTER TABLE own ALTER id SET DEFAULT 7",
            "INSERT INTO own VALUES (1)",
        ),
        sql("DROP TABLE own"),
    )

    run = judge_chain(code, steps, last, own, only=("data",), rows_per_table=0, strict=("given numbers",))

    assert told(run, "PGH-V014") == []


def test_rows_that_a_second_upgrade_makes_otherwise_are_one_finding(judge_chain: Callable[..., Run]) -> None:
    log = table("log", "id int PRIMARY KEY, line text")
    chance = Revision(
        "chance",
        sql("INSERT INTO log SELECT 100 + (random() * 1000000)::int, 'new'"),
        sql("DELETE FROM log WHERE line = 'new'"),
    )

    run = judge_chain(log, chance, only=("data",))

    (found,) = told(run, "PGH-V010")
    assert found.message == "Upgraded again after downgrade(), it has 1 row in place of 1 other."


@pytest.mark.parametrize("says_it", ["is written out", "is drawn each time"])
def test_a_key_that_each_run_draws_anew_is_told_by_what_the_row_has_besides(
    judge_chain: Callable[..., Run], says_it: str
) -> None:
    key = "'0d7f2c1e-5f0a-4a53-9d4b-0a6f1f2b3c4d'" if says_it == "is written out" else "str(uuid.uuid4())"
    seeds = Revision(
        "seeds",
        f"import uuid\nop.get_bind().execute(sa.text(\"INSERT INTO hue VALUES (CAST(:id AS uuid), 'teal')\"), {{'id': {key}}})",
        "pass",
    )

    run = judge_chain(table("hue", "id uuid PRIMARY KEY, word text"), seeds, only=("data",))

    (found,) = told(run, "PGH-V008")
    assert ("WHERE id IN ('0d7f2c1e" in found.mend) == (says_it == "is written out")
    assert ("WHERE word IN ('teal')" in found.mend) == (says_it == "is drawn each time")


STAMPS = Revision(
    "stamps",
    sql(
        "CREATE TABLE stamp (at timestamptz PRIMARY KEY, note text)",
        "CREATE TABLE step (id serial PRIMARY KEY, note text)",
    ),
    sql("DROP TABLE step", "DROP TABLE stamp"),
)


@pytest.mark.parametrize(
    ("up", "is_told"),
    [
        ("INSERT INTO people VALUES (71, 'Jo'), (72, 'it''s')", True),
        ("INSERT INTO step (note) VALUES ('it''s done')", True),
        ("INSERT INTO people SELECT id + 500, upper(name) FROM people", False),
        ("INSERT INTO step (note) SELECT 'of ' || name FROM people", False),
        ("INSERT INTO stamp VALUES (now(), 'x')", True),
        ("INSERT INTO stamp VALUES (now(), now())", False),
        ("INSERT INTO step (note) VALUES (now())", False),
    ],
)
def test_rows_to_be_taken_away_are_listed_where_the_revision_says_them_and_not_where_our_rows_or_the_clock_do(
    up: str, *, is_told: bool, judge_chain: Callable[..., Run]
) -> None:
    (found,) = told(judge_chain(PEOPLE, STAMPS, Revision("writes", sql(up)), only=("data",)), "PGH-V008")

    assert ("DELETE FROM" in found.mend) == is_told
    assert "take away the rows that upgrade() makes" in found.mend


NUMBERED = Revision(
    "numbered",
    sql("CREATE TABLE thing (id serial PRIMARY KEY, name text)"),
    sql("DROP TABLE thing"),
)
NUMBERS_ANEW = sql("ALTER TABLE thing DROP COLUMN id", "ALTER TABLE thing ADD COLUMN id serial PRIMARY KEY")
KEEPS_NUMBERS = sql(
    "ALTER TABLE thing ADD COLUMN new_id integer",
    "UPDATE thing SET new_id = id",
    "ALTER TABLE thing DROP COLUMN id",
    "ALTER TABLE thing RENAME new_id TO id",
    "ALTER TABLE thing ADD PRIMARY KEY (id)",
    "CREATE SEQUENCE thing_id_seq AS integer OWNED BY thing.id",
    "ALTER TABLE thing ALTER id SET DEFAULT nextval('thing_id_seq')",
    "SELECT setval('thing_id_seq', coalesce(max(id), 0) + 1, false) FROM thing",
)


@pytest.mark.parametrize(
    ("up", "down", "found"),
    [
        (NUMBERS_ANEW, "pass", [("PGH-V005", "table public.thing")]),
        (NUMBERS_ANEW, NUMBERS_ANEW, [("PGH-V005", "table public.thing")]),
        ("pass", NUMBERS_ANEW, [("PGH-V004", "table public.thing")]),
        (KEEPS_NUMBERS, KEEPS_NUMBERS, []),
    ],
    ids=["on the way there", "both ways", "on the way back", "never"],
)
def test_rows_that_are_numbered_anew_have_lost_their_keys_and_no_other_value(
    up: str, down: str, found: list[tuple[str, str]], judge_chain: Callable[..., Run]
) -> None:
    run = judge_chain(NUMBERED, Revision("numbers", up, down), only=("data",))

    assert [(one.code, one.subject) for one in run.report.findings] == found
