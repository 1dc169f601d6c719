"""What is told of downgrades that fail on rows, or lose them, typed in as it is printed, lets them pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.findings import Finding
from pgharness.report.fix_parts import parts_of
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql
from tests.harness.runs import told
from tests.harness.test_kept_rows_typed_in import type_in

MAKES = Revision(
    "makes",
    sql(
        "CREATE TABLE tag (id int PRIMARY KEY, name text CONSTRAINT tag_name UNIQUE, size numeric)",
        "CREATE TABLE tagged (id int PRIMARY KEY, tag int REFERENCES tag)",
    ),
    sql("DROP TABLE tagged", "DROP TABLE tag"),
)
BRINGS_BACK = "batch.add_column(sa.Column('size', sa.Integer(), nullable=False))"
CHECKS = ("upgrade", "roundtrip", "data")
JudgeChain = Callable[..., Run]
JudgeAgain = Callable[..., Report]


def test_a_column_that_a_downgrade_brings_back_not_null_has_a_value_until_its_rows_have_one(
    judge_chain: JudgeChain, judge_again: JudgeAgain
) -> None:
    changes = Revision(
        "changes",
        sql("DELETE FROM tag WHERE size IS NULL", "ALTER TABLE tag ADD kind text", "ALTER TABLE tag DROP size"),
        f"with op.batch_alter_table('tag') as batch:\n    batch.drop_column('kind')\n    {BRINGS_BACK}",
    )
    makes = Revision("makes", MAKES.up.replace("size numeric", "size int NOT NULL"), MAKES.down)
    report = judge_chain(makes, changes, only=("roundtrip",)).report
    (found,) = report.findings
    path = _path_of(report, "changes")

    code, text = _first_code(found), path.read_text(encoding="utf-8")
    typed = "\n        ".join(code).replace("<value>", "7")
    path.write_text(text.replace(BRINGS_BACK, typed), encoding="utf-8")

    assert (found.code, "…" in found.mend) == ("PGH-R003", False)
    assert found.mend.startswith("in place of this statement of line 17 of chain_0/versions/changes.py, with what")
    assert told(judge_again(report, only=("roundtrip",)).findings) == []


def test_what_upgrade_leaves_where_it_has_rows_is_not_told_to_be_create_alls(judge_chain: JudgeChain) -> None:
    drops = Revision(
        "drops",
        "if not op.get_bind().scalar(sa.text('SELECT EXISTS (SELECT FROM tagged)')):\n    op.drop_table('tagged')",
        sql("CREATE TABLE tagged (id int PRIMARY KEY, tag int REFERENCES tag)"),
    )

    found = judge_chain(MAKES, drops, only=("roundtrip",)).report.findings

    assert [one.code for one in found] == ["PGH-R003"]
    assert found[0].mend.startswith("upgrade() in ")
    assert "(if_not_exists=True)" in found[0].mend
    assert "create_all" not in found[0].mend


def test_one_row_of_each_is_kept_with_all_that_refers_to_the_others(
    judge_chain: JudgeChain, judge_again: JudgeAgain
) -> None:
    frees = Revision(
        "frees",
        sql("ALTER TABLE tag DROP CONSTRAINT tag_name"),
        sql("ALTER TABLE tag ADD CONSTRAINT tag_name UNIQUE (name)"),
    )
    report = judge_chain(MAKES, frees, only=("data",)).report
    (found,) = report.findings
    path = _path_of(report, "frees")

    code = "".join(f"    {line}\n" for line in _first_code(found))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("def downgrade():\n", f"def downgrade():\n{code}"), encoding="utf-8")

    assert found.code == "PGH-V011"
    assert "UPDATE public.tagged SET tag = kept_1" in code
    assert told(judge_again(report, only=CHECKS).findings) == []


@pytest.mark.parametrize(
    ("up", "code", "said"),
    [
        (("ALTER TABLE size ALTER id TYPE text",), "PGH-V004", "downgrade() makes the key anew"),
        (
            (
                "ALTER TABLE size ADD other text",
                "UPDATE size SET other = name",
                "ALTER TABLE size DROP id",
                "ALTER TABLE size RENAME other TO id",
                "ALTER TABLE size ADD PRIMARY KEY (id)",
            ),
            "PGH-V005",
            "upgrade() makes the key anew",
        ),
    ],
    ids=["down alone", "up"],
)
def test_a_key_that_is_made_anew_is_told_of_the_step_that_does_so(
    up: tuple[str, ...], code: str, said: str, judge_chain: JudgeChain
) -> None:
    makes = Revision(
        "makes", sql("CREATE TABLE size (id int PRIMARY KEY, name text UNIQUE NOT NULL)"), sql("DROP TABLE size")
    )
    retypes = Revision(
        "retypes", sql(*up), sql("ALTER TABLE size DROP id", "ALTER TABLE size ADD id serial PRIMARY KEY")
    )

    found = judge_chain(makes, retypes, only=("data",)).report.findings

    assert [(one.code, one.message.partition(":")[0].partition(", and")[0]) for one in found] == [(code, said)]


def test_rows_that_may_be_deleted_are_told_with_those_that_refer_to_them(judge_chain: JudgeChain) -> None:
    makes = Revision("makes", MAKES.up.replace("size numeric", "size int NOT NULL"), MAKES.down)
    frees = Revision(
        "frees",
        sql("ALTER TABLE tag ALTER size DROP NOT NULL"),
        sql("ALTER TABLE tag ALTER size SET NOT NULL"),
    )

    (found,) = judge_chain(makes, frees, only=("data",)).report.findings

    assert found.code == "PGH-V011"
    assert "it has not come to yet" not in found.mend
    assert "or delete them, and before them the rows of public.tagged that refer to them: op.execute(" in found.mend


def test_what_is_kept_of_two_tables_that_are_called_alike_stands_in_two_tables(
    judge_chain: JudgeChain, judge_again: JudgeAgain
) -> None:
    """Their names are longer, with that of the revision, than a name may be."""
    names = [f"notification_of_a_run_of_a_flow_with_a_{one}" for one in ("policy", "queue")]
    makes = Revision(
        "makes",
        sql(*(f"CREATE TABLE {name} (id int PRIMARY KEY)" for name in names)),
        sql(*(f"DROP TABLE {name}" for name in names)),
    )
    drops = Revision("drops_both_of_the_tables", makes.down, makes.up)
    report = judge_chain(makes, drops, only=("data",)).report
    path, settings = _path_of(report, drops.slug), _path_of(report, "makes").parents[1] / "pyproject.toml"
    settings.write_text("[tool.pgharness]\n", encoding="utf-8")

    for one in report.findings:
        type_in(one, path, settings)

    assert [one.code for one in report.findings] == ["PGH-V006", "PGH-V006"]
    assert told(judge_again(report, only=CHECKS).findings) == []


def _path_of(report: Report, revision: str) -> Path:
    return next(Path(one.path) for one in report.chain.revisions if one.revision == revision)


def _first_code(finding: Finding) -> tuple[str, ...]:
    return next(part.code for part in parts_of(finding.mend) if part.code)


def test_rows_of_dropped_tables_come_back_behind_those_that_they_refer_to_and_before_values(
    judge_chain: JudgeChain, judge_again: JudgeAgain
) -> None:
    """Each fix is typed at the end of downgrade(), in the order in which it is told."""
    makes = Revision(
        "makes",
        sql(
            "CREATE TABLE z_state (id int PRIMARY KEY)",
            "CREATE TABLE a_log (id int PRIMARY KEY, state int NOT NULL REFERENCES z_state)",
            "CREATE TABLE item (id int PRIMARY KEY, state int REFERENCES z_state)",
        ),
        sql("DROP TABLE item", "DROP TABLE a_log", "DROP TABLE z_state"),
    )
    drops = Revision(
        "drops",
        sql("DROP TABLE a_log", "ALTER TABLE item DROP state", "DROP TABLE z_state"),
        sql(
            "CREATE TABLE z_state (id int PRIMARY KEY)",
            "CREATE TABLE a_log (id int PRIMARY KEY, state int NOT NULL REFERENCES z_state)",
            "ALTER TABLE item ADD state int REFERENCES z_state",
        ),
    )
    report = judge_chain(makes, drops, only=("data",)).report
    path, settings = _path_of(report, "drops"), _path_of(report, "makes").parents[1] / "pyproject.toml"
    settings.write_text("[tool.pgharness]\n", encoding="utf-8")

    for one in report.findings:
        type_in(one, path, settings)

    assert [one.subject for one in report.findings] == [
        "table public.z_state",
        "table public.a_log",
        "column public.item.state",
    ]
    assert told(judge_again(report, only=CHECKS).findings) == []


def test_tables_to_which_a_downgrade_has_not_come_are_told_with_the_one_that_stops_it(judge_chain: JudgeChain) -> None:
    makes = Revision(
        "makes",
        sql("CREATE TABLE a (id int PRIMARY KEY, x varchar(9))", "CREATE TABLE b (id int PRIMARY KEY, x varchar(9))"),
        sql("DROP TABLE a", "DROP TABLE b"),
    )
    widens = Revision(
        "widens",
        sql("ALTER TABLE a ALTER x TYPE text", "ALTER TABLE b ALTER x TYPE text"),
        sql("ALTER TABLE a ALTER x TYPE varchar(9)", "ALTER TABLE b ALTER x TYPE varchar(9)"),
    )

    (found,) = judge_chain(makes, widens, only=("data",)).report.findings

    assert found.code == "PGH-V011"
    assert "; what is told of public.b it has not come to yet; where the loss is meant" in found.mend
