"""`compat`: the release before works on while the newest revisions are deployed, and what it writes stops no later one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.checks.compat import AHEAD
from pgharness.findings import CannotRun
from pgharness.report.model import Cell, Report
from pgharness.running import Run
from tests.harness.chains import ENV, Revision, sql, table, write_chain
from tests.harness.history.compat_pairs import BACKFILL, CONTRACT, EXPAND, NOTE, TWIN

ROLE = "shop_app_of_tests"


@pytest.fixture
def judge(judge_chain: Callable[..., Run]) -> Callable[..., Report]:
    """Judge a chain by `compat` alone."""
    return lambda *revisions, **options: judge_chain(*revisions, **{"only": ("compat",), **options}).report


def tried(report: Report) -> list[str]:
    """Return the revisions whose cell in the grid says that they were tried."""
    (result,) = (one for one in report.results if one.name == "compat")
    return [one.label for one in report.chain.revisions if report.cell(result, one)[0] is not Cell.UNTRIED]


def test_what_the_release_before_inserts_after_a_backfill_stops_the_contract_behind_it(
    judge: Callable[..., Report],
) -> None:
    report = judge(NOTE, EXPAND, BACKFILL, CONTRACT)

    (finding,) = report.findings
    assert (finding.revision, finding.subject, finding.code) == ("contract", "upgrade of contract", "PGH-C005")
    assert "rows that the release before writes" in finding.message
    assert "23502" in finding.message
    assert "SET NOT NULL" in finding.evidence
    assert tried(report) == ["contract"]


def test_a_trigger_that_fills_the_new_column_lets_both_releases_write(judge: Callable[..., Report]) -> None:
    report = judge(NOTE, EXPAND, TWIN, BACKFILL, CONTRACT, since="note")

    assert report.findings == ()
    assert tried(report) == ["expand", "twin", "backfill", "contract"]


def test_only_the_last_revision_is_judged_unless_since_says_more(judge: Callable[..., Report]) -> None:
    drop = Revision("drop", sql("ALTER TABLE note DROP COLUMN body"))

    report = judge(NOTE, drop, EXPAND)

    assert report.findings == ()
    assert tried(report) == ["expand"]
    assert [one.revision for one in judge(NOTE, drop, EXPAND, since="note").findings] == ["drop"]


def test_a_chain_of_one_revision_has_no_release_before_and_is_not_missed(judge: Callable[..., Report]) -> None:
    report = judge(NOTE)

    assert (report.findings, report.missed, tried(report)) == ((), (), [])


def test_what_runs_when_the_release_before_is_gone_is_not_asked_and_begins_another_release(
    judge: Callable[..., Report],
) -> None:
    after = 'after_deploy = "no release reads it"'
    gone = Revision("gone", sql("ALTER TABLE note DROP COLUMN body"), top=after)
    back = Revision("back", sql("ALTER TABLE note RENAME colour TO hue"))

    report = judge(NOTE, EXPAND, gone, back, since="note")

    assert [(one.revision, one.subject) for one in report.findings] == [("back", "column public.note.colour")]
    assert tried(report) == ["expand", "back"]


def test_a_declaration_of_when_a_revision_runs_has_a_reason_and_is_one(judge: Callable[..., Report]) -> None:
    empty = Revision("empty", top='after_deploy = ""')
    both = Revision("both", top='after_deploy = "a"\nbefore_deploy = "b"')
    misspelt = Revision("misspelt", top='after_deployment = "a"')

    told = {one.revision: (one.subject, one.code) for one in judge(NOTE, empty, both, misspelt).findings}

    assert told == {
        "empty": ("declaration after_deploy of empty", "PGH-X002"),
        "both": ("declaration before_deploy of both", "PGH-X009"),
        "misspelt": ("declaration after_deployment of misspelt", "PGH-X004"),
    }


def test_what_the_role_of_the_application_does_not_see_or_may_not_do_is_told(judge: Callable[..., Report]) -> None:
    cast = [f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"]
    names = ("hidden", "shown", "revoked", "kept")
    made = [f"CREATE TABLE {name} (id int PRIMARY KEY, body text); GRANT ALL ON {name} TO {ROLE}" for name in names]
    setup = Revision("setup", sql(*cast, *made))
    secure = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY"
    revisions = [
        Revision("hide", sql(secure.format("hidden"))),
        Revision("show", sql(secure.format("shown"), f"CREATE POLICY all_of_it ON shown TO {ROLE} USING (true)")),
        Revision("revoke", sql(f"REVOKE DELETE ON revoked FROM {ROLE}")),
        Revision("keep", sql("REVOKE ALL ON kept FROM PUBLIC")),
    ]

    report = judge(setup, *revisions, since="setup", app_role=ROLE)

    assert {(one.revision, one.subject, one.code) for one in report.findings} == {
        ("hide", "table public.hidden", "PGH-C004"),
        ("revoke", "table public.revoked", "PGH-C004"),
    }
    assert any(f"its role {ROLE} does not see" in one.message for one in report.findings)


def test_rows_that_a_revision_changes_itself_are_no_fault_of_a_read(judge: Callable[..., Report]) -> None:
    single = Revision(
        "single", sql("CREATE TABLE total (n int)", "CREATE MATERIALIZED VIEW notes AS SELECT count(*) AS n FROM note")
    )
    single_row = Revision("fill", sql("UPDATE total SET n = 7", "REFRESH MATERIALIZED VIEW notes"))

    assert judge(NOTE, single, single_row, rows_per_table=1).findings == ()


def test_a_role_that_is_not_there_is_not_checked_and_an_insert_by_position_is_a_note(
    judge: Callable[..., Report],
) -> None:
    swap = Revision(
        "swap",
        sql(
            "ALTER TABLE note RENAME TO old",
            "CREATE TABLE note (body text, id bigint PRIMARY KEY)",
            "INSERT INTO note SELECT body, id FROM old",
        ),
    )

    by_role, by_position = (
        judge(NOTE, EXPAND, app_role="nobody_at_all"),
        judge(table("note", "id bigint PRIMARY KEY, body text"), swap),
    )

    assert [one.name for one in by_role.missed] == ["compat"]
    assert 'role "nobody_at_all" does not exist' in by_role.missed[0].reason
    assert tried(by_role) == []
    assert any("an INSERT that names no columns is refused" in one.message for one in by_position.notes)
    assert by_position.findings == ()


def test_row_security_is_a_note_where_no_role_is_named(judge: Callable[..., Report]) -> None:
    report = judge(NOTE, Revision("secure", sql("ALTER TABLE note ENABLE ROW LEVEL SECURITY")))

    assert report.findings == ()
    assert any("row security comes to table public.note" in one.message for one in report.notes)


def test_a_chain_that_makes_a_role_is_tried_when_no_other_database_stands(judge: Callable[..., Report]) -> None:
    role = Revision("role", sql(f"CREATE ROLE {ROLE}_made"), sql(f"DROP ROLE {ROLE}_made"))
    report = judge(NOTE, role, Revision("drop", sql("ALTER TABLE note DROP COLUMN body")))

    assert [(one.revision, one.subject) for one in report.findings] == [("drop", "column public.note.body")]


def test_statements_of_a_file_are_tried_too_also_with_parameters(judge: Callable[..., Report], tmp_path: Path) -> None:
    file = tmp_path / "statements.sql"
    file.write_text(
        "-- name: all_notes\nSELECT * FROM note;\n"
        "-- name: counted\nSELECT count(*) AS rows FROM note;\n"
        "-- name: by_body\nSELECT id FROM note WHERE lower(body) = $1;\n"
        "-- name: of_the_next_release\nSELECT colour FROM note;\n",
        encoding="utf-8",
    )

    report = judge(NOTE, EXPAND, statements=file)

    assert [(one.subject, one.code) for one in report.findings] == [("statement all_notes", "PGH-C006")]


def test_what_no_given_statement_needs_is_a_note_unless_none_of_them_works(
    judge: Callable[..., Report], tmp_path: Path
) -> None:
    ours, of_others = tmp_path / "ours.sql", tmp_path / "of_others.sql"
    ours.write_text(
        "-- name: ids\nSELECT id FROM note;\n-- name: lost\nSELECT gone FROM note;\n"
        "BEGIN;\nLOCK TABLE note IN SHARE MODE;\nCOMMIT",
        encoding="utf-8",
    )
    of_others.write_text("SELECT gone FROM note", encoding="utf-8")
    drop = Revision("drop", sql("ALTER TABLE note DROP COLUMN body"))

    known, unknown = (judge(NOTE, drop, statements=file) for file in (ours, of_others))

    assert known.findings == ()
    said = [one.message for one in known.notes if one.check == "compat"]
    assert "none of the 2 statements that were given is broken by what becomes of column public.note.body" in said[0]
    assert said[1].endswith(": lost")
    assert [one.subject for one in unknown.findings] == ["column public.note.body"]


@pytest.fixture
def judge_after(tmp_path: Path, judge_chain: Callable[..., Run]) -> Callable[..., Report]:
    """Commit a project with its first revision, then judge it with further ones; `env` is that of both."""

    def judge(first: Revision, *further: Revision, env: str = ENV) -> Report:
        folder = tmp_path / "chain_0"
        write_chain(folder, (first,), env)
        author = ["-c", "user.name=a", "-c", "user.email=a@b"]
        for arguments in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"]):
            subprocess.run(["git", "-C", folder, *arguments], check=True)
        shutil.rmtree(folder / "versions")
        return judge_chain(first, *further, env=env, only=("compat",), previous="HEAD").report

    return judge


def test_the_release_before_is_taken_from_git_and_told_that_it_cannot_start_again(
    judge_after: Callable[..., Report],
) -> None:
    report = judge_after(NOTE, Revision("drop", sql("ALTER TABLE note DROP COLUMN body")), EXPAND)

    assert [(one.revision, one.subject) for one in report.findings] == [("drop", "column public.note.body")]
    (note,) = (one.message for one in report.notes if "taken back" in one.message)
    assert "Can't locate revision" in note
    assert AHEAD in note


def test_an_env_py_with_the_lines_of_the_note_lets_the_release_before_start_again(
    judge_after: Callable[..., Report],
) -> None:
    lines = "\n        ".join(AHEAD.split("; "))

    report = judge_after(NOTE, EXPAND, env=ENV.replace("context.run_migrations()", lines))

    assert report.findings == ()
    assert not any("taken back" in one.message for one in report.notes)


def test_a_release_that_git_does_not_know_cannot_be_judged(judge_chain: Callable[..., Run]) -> None:
    with pytest.raises(CannotRun, match="git has no release 'v0'"):
        judge_chain(NOTE, previous="v0")


PERSON = table("person", "id bigint PRIMARY KEY, mail text, name text")
UNIQUE = "ALTER TABLE person ADD CONSTRAINT person_mail UNIQUE (mail)"
FORGETS = Revision("forgets", sql(UNIQUE, "ALTER TABLE person DROP name"), sql("ALTER TABLE person ADD name text"))
ONLY_UNIQUE = Revision("only_unique", sql(UNIQUE), sql("ALTER TABLE person DROP CONSTRAINT person_mail"))


def test_what_breaks_the_release_before_is_found_of_a_revision_that_fails_where_rows_are_alike(
    judge: Callable[..., Report],
) -> None:
    report = judge(PERSON, FORGETS)

    assert [(one.subject, one.code) for one in report.findings] == [("column public.person.name", "PGH-C001")]
    assert tried(report) == ["forgets"]


def test_nothing_breaks_it_that_comes_of_the_same_rows(judge: Callable[..., Report]) -> None:
    report = judge(PERSON, ONLY_UNIQUE)

    assert report.findings == ()
    assert tried(report) == ["only_unique"]


def test_it_is_told_on_which_revisions_alone_the_release_before_was_tried(judge: Callable[..., Report]) -> None:
    drop = Revision("drop", sql("ALTER TABLE note DROP COLUMN body"))
    words = "the release before was tried on expand alone, as if all others had been deployed"

    assert any(one.message.startswith(words) for one in judge(NOTE, drop, EXPAND).notes)
    assert not any(words in one.message for one in judge(NOTE, drop, EXPAND, since="note").notes)
    assert not any("alone" in one.message for one in judge(NOTE, EXPAND).notes)


def test_a_value_that_a_row_of_the_revision_has_is_a_note(
    judge: Callable[..., Report],
) -> None:
    made = table("colour", "id int PRIMARY KEY, word text")
    seeds = Revision(
        "seeds",
        sql("INSERT INTO colour SELECT n, 'word' FROM generate_series(5, 60) AS n ON CONFLICT DO NOTHING"),
        sql("DELETE FROM colour WHERE word = 'word'"),
    )
    report = judge(made, seeds)

    assert report.findings == ()
    assert any("makes a row with a value that the release before may write" in one.message for one in report.notes)
