"""What the fixes of findings say to type, typed into the revisions at fault, ends the findings; the rows are there, and nothing new is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.findings import Finding
from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql
from tests.harness.history import crash_pairs
from tests.harness.history.crash_pairs import in_pieces
from tests.harness.history.groups import GROUPS, Group
from tests.harness.history.modes_pairs import BRANCHES, OFFLINE_ENV, SESSIONS, WHOLE
from tests.harness.history.pairs import Whole, chain_of
from tests.harness.history.typing_in import declaration, first_code, last_code, type_in

# What is judged beside the check of a group: a revision that is mended runs, and of `data` is undone on its rows too.
BESIDE = {"compat": (), "data": ("upgrade", "roundtrip"), "notices": ("upgrade",)}
# What these ask for and did not get, another type and uniqueness, rows of the harness's refuse: another finding, and a true one.
REFUSED = {("PGH-U002", f"bad_{slug}", f"upgrade of bad_{slug}") for slug in ("other_type", "other_index")}
GROUPS_TYPED = [group for group in GROUPS if group.name in BESIDE]


@pytest.mark.parametrize("group", GROUPS_TYPED, ids=lambda group: group.name)
def test_what_the_fixes_say_to_type_mends_and_what_is_meant_can_be_declared(
    group: Group, judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    checks = (*BESIDE[group.name], group.check)
    report = judge_chain(*chain_of(group.pairs, ("bad",)), only=checks, env=group.env, **group.options).report
    found = [one for one in report.findings if one.check == group.check]
    others = REFUSED | {told(one) for one in report.findings if one.check != group.check}
    paths = {one.revision: Path(one.path) for one in report.chain.revisions}
    texts = {path: path.read_text(encoding="utf-8") for path in paths.values()}
    tried = [[choose(one) for one in found] for choose in (first_code, last_code, declaration)]

    left = []
    for edits in tried if tried[0] != tried[1] else tried[1:]:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        type_in(zip(found, edits, strict=True), paths)
        again = judge_again(report, only=(group.check,) if edits is tried[-1] else checks, **group.options)
        left.append([told(one) for one in again.findings if told(one) not in others])

    assert found
    assert [one for one in left if one] == []


# A COMMIT within a statement, and one that the driver sends, nobody but the author can take out.
WORDS_ALONE = {"bad_procedure", "bad_driver"}
QUOTED = (
    Revision(
        "makes",
        sql(
            'CREATE TABLE "we""ird" (id bigint) PARTITION BY RANGE (id)',
            'CREATE TABLE "Mixed Case" PARTITION OF "we""ird" FOR VALUES FROM (0) TO (1000000)',
            'CREATE TABLE "it\'s" (id int PRIMARY KEY)',
            'CREATE INDEX "ix ""old" ON "it\'s" (id)',
            'CREATE TYPE "Mo""od" AS ENUM (\'new\')',
        ),
        sql('DROP TABLE "we""ird"', 'DROP TABLE IF EXISTS "Mixed Case"', 'DROP TABLE "it\'s"', 'DROP TYPE "Mo""od"'),
    ),
    Revision(
        "detaches",
        in_pieces(sql('ALTER TABLE "we""ird" DETACH PARTITION "Mixed Case" CONCURRENTLY')),
        sql('ALTER TABLE "we""ird" ATTACH PARTITION "Mixed Case" FOR VALUES FROM (0) TO (1000000)'),
    ),
    Revision(
        "builds",
        in_pieces(sql('CREATE INDEX CONCURRENTLY "ix we""ird" ON "it\'s" (id)')),
        in_pieces(sql('DROP INDEX CONCURRENTLY IF EXISTS "ix we""ird"')),
    ),
    Revision("reindexes", in_pieces(sql('REINDEX INDEX CONCURRENTLY "ix ""old"'))),
    Revision("says", in_pieces(sql("ALTER TYPE \"Mo\"\"od\" ADD VALUE 'it''s'"))),
)


def test_what_lets_revisions_be_run_again_mends_them(
    judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    report = judge_chain(*chain_of(crash_pairs.PAIRS, ("bad",)), *QUOTED, only=("crash", "upgrade")).report
    found = [one for one in report.findings if one.check == "crash"]
    paths = {one.revision: Path(one.path) for one in report.chain.revisions}

    # Where a revision sends COMMIT there is no block to take it out of: the other way.
    type_in([(one, last_code(one) if one.revision == "bad_commit" else first_code(one)) for one in found], paths)
    again = judge_again(report, only=("crash", "upgrade"))

    assert {one.slug for one in QUOTED[1:]} <= {one.revision for one in found}
    assert [told(one) for one in again.findings if one.revision not in WORDS_ALONE] == []


def test_a_setting_that_ends_with_its_transaction_stays_in_no_session(
    judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    report = judge_chain(*chain_of(SESSIONS, ("bad",)), env=OFFLINE_ENV, only=("modes",), modes_budget=4).report
    found = [one for one in report.findings if one.code == "PGH-M006"]
    paths = {one.revision: Path(one.path) for one in report.chain.revisions}

    type_in([(one, first_code(one)) for one in found], paths)
    again = judge_again(report, only=("modes",), modes_budget=4).findings

    assert len(found) == len(SESSIONS)
    assert [told(one) for one in again if one.code == "PGH-M006"] == []


@pytest.mark.parametrize("case", [one for one in WHOLE if "IMMEDIATE" in one.fix], ids=lambda case: case.fails)
def test_rows_that_are_checked_where_they_are_written_wait_for_nothing(
    case: Whole, judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    report = judge_chain(*case.bad, env=OFFLINE_ENV, only=("modes",)).report
    (told_to,) = re.findall(r"behind line (\d+) of (\S+): (op\.execute\(.*?\)); or", report.findings[0].mend)

    line, path, code = told_to
    text = Path(path).read_text(encoding="utf-8").split("\n")
    Path(path).write_text("\n".join([*text[: int(line)], f"    {code}", *text[int(line) :]]), encoding="utf-8")
    assert judge_again(report, only=("modes",)).findings == ()


@pytest.mark.parametrize("case", BRANCHES, ids=lambda case: case.fails)
def test_what_a_branch_is_told_to_depend_on_mends_it(
    case: Whole, judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    report = judge_chain(*case.bad, env=OFFLINE_ENV, only=("modes", "upgrade")).report
    (finding,) = [one for one in report.findings if one.check == case.check]
    others = {told(one) for one in report.findings if one.check != case.check}
    depends = re.findall(r"(depends_on = .+?) in (\S+\.py)", finding.mend)
    assert depends

    for line, path in depends:
        text = Path(path).read_text(encoding="utf-8")
        Path(path).write_text(
            re.sub(r"^(down_revision = .*)$", rf"\1\n{line}", text, flags=re.MULTILINE), encoding="utf-8"
        )
    assert {told(one) for one in judge_again(report, only=("modes", "upgrade")).findings} <= others


def told(finding: Finding) -> tuple[str, str | None, str]:
    """Return of what kind a finding is, and about what."""
    return finding.code, finding.revision, finding.subject
