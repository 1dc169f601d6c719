"""A chain that comes to another end when it is run in another way is found, with the revision at fault, and its mended twin passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from pgharness.findings import Finding
from pgharness.report.model import Cell
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table
from tests.harness.history.modes_pairs import BRANCHES, OFFLINE_ENV, PAIRS, WHOLE
from tests.harness.history.pairs import Whole, chain_of, expectations, told_apart

JudgeChain = Callable[..., Run]
CASES = (*WHOLE, *BRANCHES)


def judge(judge_chain: JudgeChain, revisions: Sequence[Revision], **options: int) -> Run:
    """Judge a chain by this check alone, with an env.py that has an offline mode."""
    return judge_chain(*revisions, env=OFFLINE_ENV, only=("modes",), **options)


def test_each_fault_is_told_at_its_revision_and_nothing_is_said_of_its_mended_twin(judge_chain: JudgeChain) -> None:
    run = judge(judge_chain, chain_of(PAIRS), modes_budget=4)

    found = {(one.check, one.revision, one.subject): one for one in run.report.findings}
    assert set(expectations(PAIRS)) - found.keys() == set()
    assert {revision for _, revision, _ in found} == {pair.name("bad") for pair in PAIRS}
    assert [pair.slug for pair in PAIRS if pair.says not in found[pair.expected()].message] == []
    assert [pair.slug for pair in PAIRS if not pair.is_typed_in(found[pair.expected()].mend)] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fails)
def test_what_a_chain_can_be_once_is_found(case: Whole, judge_chain: JudgeChain) -> None:
    run = judge(judge_chain, case.bad)

    (finding,) = run.report.findings
    assert_told(finding, case)
    assert finding.revision == case.revision


def test_their_mended_twins_pass(judge_chain: JudgeChain) -> None:
    twins = [one for case in CASES for one in told_apart(case.fails, case.good)]

    assert judge(judge_chain, twins).report.findings == ()


def test_what_hides_the_version_table_from_alembic_is_told_as_that(judge_chain: JudgeChain) -> None:
    hides = "SELECT pg_catalog.set_config('search_path', '', false)"

    run = judge_chain(table("author"), Revision("pastes", sql(hides)), only=("upgrade",))

    (finding,) = run.report.findings
    assert f"`{hides}` is still in force there, where Alembic enters the revision" in finding.message
    assert 'op.execute("RESET search_path")' in finding.mend
    mended = Revision("pastes", sql(hides, "RESET search_path"))
    assert judge_chain(table("author"), mended, only=("upgrade", "modes")).report.findings == ()


def test_what_cannot_be_written_as_sql_is_a_note_with_its_revision(judge_chain: JudgeChain) -> None:
    asks = Revision("asks", "if op.get_bind().execute(sa.text('SELECT 1')).scalar():\n    op.execute('SELECT 2')")

    run = judge(judge_chain, [table("author"), asks])

    assert run.report.findings == ()
    assert [(note.revision, note.message.partition(":")[0]) for note in run.report.notes] == [
        ("asks", "`alembic upgrade head --sql` gives no script, since asks has none")
    ]
    assert cells(run) == {"author": Cell.HOLDS, "asks": Cell.UNTRIED, None: Cell.UNTRIED}


def test_what_shared_a_process_or_was_no_start_has_no_tick(judge_chain: JudgeChain) -> None:
    revisions = [table("author"), table("book"), table("shelf")]

    whole, part = judge(judge_chain, revisions), judge(judge_chain, revisions, modes_budget=1)

    assert set(cells(whole).values()) == {Cell.HOLDS}
    assert cells(part) == {"author": Cell.UNTRIED, "book": Cell.UNTRIED, "shelf": Cell.HOLDS, None: Cell.UNTRIED}
    (told,) = (note.message for note in part.report.notes)
    assert "the newest 1 of 3 revisions" in told
    assert "was tried from 1 of 2 revisions" in told


@pytest.mark.parametrize(
    "said",
    ['"""Create user and group."""', "# Create user:*:read for old rows"],
    ids=["docstring", "comment"],
)
def test_a_chain_that_only_talks_of_roles_is_started_from_everywhere(said: str, judge_chain: JudgeChain) -> None:
    talks = replace(table("author"), up=f"{said}\n{table('author').up}")

    run = judge(judge_chain, [talks, table("book")])

    assert set(cells(run).values()) == {Cell.HOLDS}


def test_a_chain_that_makes_a_role_is_not_started_from_everywhere(judge_chain: JudgeChain) -> None:
    up = f"name = 'modes_reader'\n{table('book').up}\nop.execute(f'CREATE ROLE {{name}}')"
    role = Revision("book", up, f"{table('book').down}\nop.execute('DROP ROLE modes_reader')")

    run = judge(judge_chain, [table("author"), role])

    assert "the chain makes roles" in " ".join(note.message for note in run.report.notes)


def test_percent_signs_that_alembic_doubles_in_a_script_are_a_note_and_hide_nothing(judge_chain: JudgeChain) -> None:
    rate = Revision(
        "rate",
        'op.create_table("rate", sa.Column("in %", sa.Text()))\n'
        "op.bulk_insert(sa.table('rate', sa.column('in %', sa.Text)), [{'in %': '50%'}])",
        sql("DROP TABLE rate"),
    )
    online = Revision(
        "online",
        f"from alembic import context\n\nif not context.is_offline_mode():\n    {sql('CREATE TABLE absent ()')}",
        "pass",
    )
    env = OFFLINE_ENV.replace('dialect_opts={"paramstyle": "named"}', "literal_binds=True")

    report = judge_chain(rate, online, env=env, only=("modes",)).report

    assert [one.subject for one in report.findings] == ["table public.absent"]
    assert [one.message.rpartition(": ")[2] for one in report.notes if "percent sign" in one.message] == ["rate"]


@pytest.mark.parametrize("options", ["literal_binds=True", 'literal_binds=True, dialect_opts={"paramstyle": "named"}'])
def test_a_script_that_fails_by_a_doubled_percent_sign_is_led_to_what_doubles_none(
    options: str, judge_chain: JudgeChain
) -> None:
    says = Revision("says", sql("DO $$ BEGIN RAISE NOTICE 'it is %', 5; END $$"))
    env = OFFLINE_ENV.replace('dialect_opts={"paramstyle": "named"}', options)

    findings = judge_chain(table("author"), says, env=env, only=("modes",)).report.findings

    assert [(one.code, one.revision) for one in findings] == ([] if "named" in options else [("PGH-M007", "says")])
    assert all(
        one.mend.startswith("in env.py's offline mode, context.configure(…, literal_binds=True") for one in findings
    )


def test_an_env_py_that_does_nothing_offline_writes_no_script(judge_chain: JudgeChain) -> None:
    env = OFFLINE_ENV.replace('run(dialect_name="postgresql", dialect_opts={"paramstyle": "named"})', "pass")

    report = judge_chain(table("author"), env=env, only=("modes",)).report

    assert report.findings == ()
    assert "env.py runs no migrations in its offline mode" in " ".join(one.message for one in report.notes)


@pytest.mark.parametrize("offline", ["", ', version_table="of_shop"'])
def test_a_script_that_keeps_the_revision_elsewhere_is_found(offline: str, judge_chain: JudgeChain) -> None:
    env = OFFLINE_ENV.replace("run(connection=connection)", 'run(connection=connection, version_table="of_shop")')
    env = env.replace('{"paramstyle": "named"})', f'{{"paramstyle": "named"}}{offline})')

    findings = judge_chain(table("author"), env=env, only=("modes",)).report.findings

    assert [one.subject for one in findings] == ([] if offline else ["table public.alembic_version"])
    assert all("version_table" in one.mend for one in findings)


def test_what_a_script_cannot_hold_is_no_fault_of_the_script(judge_chain: JudgeChain) -> None:
    binds = "op.get_bind().execute(sa.text('INSERT INTO author VALUES (:id)'), {'id': 71})"

    report = judge(
        judge_chain, [table("author"), Revision("binds", binds, sql("DELETE FROM author WHERE id = 71"))]
    ).report

    assert report.findings == ()
    (told,) = (note.message for note in report.notes if "gives no script" in note.message)
    assert "op.execute(text(…).bindparams(…)) writes them" in told


def test_a_revision_may_declare_that_it_wants_more_than_a_plain_role(judge_chain: JudgeChain) -> None:
    allowed = Revision("extends", sql("CREATE EXTENSION pageinspect"), top='allow = {"modes": "for its pages"}')

    assert judge(judge_chain, [table("author"), allowed]).report.findings == ()


def test_an_extension_that_is_made_if_it_is_missing_is_left_to_the_administrator(judge_chain: JudgeChain) -> None:
    extends = Revision("extends", sql("CREATE EXTENSION IF NOT EXISTS pageinspect"), sql("DROP EXTENSION pageinspect"))

    report = judge(judge_chain, [table("author"), extends]).report

    assert report.findings == ()
    (note,) = (one.message for one in report.notes if "administrator" in one.message)
    assert note.startswith("the extension pageinspect is not trusted")


def test_that_a_chain_needs_the_transactions_that_env_py_gives_it_is_no_fault(judge_chain: JudgeChain) -> None:
    env = OFFLINE_ENV.replace("configure(", "configure(transaction_per_migration=True, ")
    (family,) = (case.bad for case in WHOLE if case.fails == "rows that wait for their deferred triggers")
    writes = Revision("writes", sql("INSERT INTO parent VALUES (71)", "INSERT INTO child VALUES (71, 71)"))

    run = judge_chain(family[0], writes, *family[1:], env=env, only=("modes",))

    assert run.report.findings == ()
    (told,) = (note.message for note in run.report.notes if "transaction_per_migration" in note.message)
    assert told == (
        "the chain needs transaction_per_migration=True, which env.py gives: with all revisions in one transaction, "
        'ObjectInUse (SQLSTATE 55006): cannot ALTER TABLE "child" because it has pending trigger events at narrows'
    )


def cells(run: Run) -> dict[str | None, Cell]:
    """Return what the grid says of each revision, and of the chain as a whole."""
    (result,) = (one for one in run.report.results if one.name == "modes")
    revisions = run.report.chain.revisions
    return {(one.revision if one else None): run.report.cell(result, one)[0] for one in (*revisions, None)}


def assert_told(finding: Finding, expected: Whole) -> None:
    """Make sure of the subject, and of words of message and fix."""
    assert finding.subject == expected.subject
    assert expected.says in finding.message
    assert expected.fix in finding.mend
