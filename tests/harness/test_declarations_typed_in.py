"""What is told of declarations and of what Alembic would draft, typed in, ends it, and nothing else is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import WITH_A_TABLE, Revision, sql, table
from tests.harness.runs import told
from tests.harness.typed import SETTINGS, add_mends, add_settings, code_of, folder_of, type_into_downgrades

ADDS = sql("ALTER TABLE thing ADD b int"), sql("ALTER TABLE thing DROP b")
REFUSES = sql("ALTER TABLE thing ADD b int"), "raise NotImplementedError(irreversible)"
BUILDS = sql("CREATE INDEX thing_id ON thing (id)"), sql("DROP INDEX thing_id")
DECLARE = r'(?:irreversible|after_deploy|before_deploy|allow) = (?:"<[^>]+>"|\{"[^"]+": "<[^>]+>"\})'
# What a revision declares, what it does, the finding's code, and how what is told is typed: the line that stands there, and that which is to.
DECLARED = {
    "a check that is none": (
        'allow = {"lock": "it is small"}',
        BUILDS,
        "PGH-X001",
        r"did you mean '(\w+)'",
        '{"lock"',
        '{{"{}"',
    ),
    "no reason to allow": ('allow = {"locks": ""}', BUILDS, "PGH-X002", rf"({DECLARE})", 'allow = {"locks": ""}', "{}"),
    "no reason for no way back": ('irreversible = ""', REFUSES, "PGH-X002", rf"({DECLARE})", 'irreversible = ""', "{}"),
    "no reason to be late": ('after_deploy = ""', ADDS, "PGH-X002", rf"({DECLARE})", 'after_deploy = ""', "{}"),
    "nothing to allow": (
        'allow = {"locks": "it is small"}',
        ADDS,
        "PGH-X003",
        r"(remove it)",
        'allow = {"locks": "it is small"}',
        "",
    ),
    "a name that is misspelt": (
        'irreversable = "it is meant"',
        REFUSES,
        "PGH-X004",
        r"write (\w+)",
        "irreversable",
        "{}",
    ),
    "no mapping": ('allow = "locks"', BUILDS, "PGH-X005", rf"({DECLARE})", 'allow = "locks"', "{}"),
    "before and after": (
        'before_deploy = "it is meant"\nafter_deploy = "it is meant"',
        ADDS,
        "PGH-X009",
        "(remove one of after_deploy and before_deploy)",
        'before_deploy = "it is meant"\n',
        "",
    ),
    "a way back that is said to be none": (
        'irreversible = "it is meant"',
        ADDS,
        "PGH-R006",
        "(remove the declaration `irreversible`)",
        'irreversible = "it is meant"\n',
        "",
    ),
}
MODELS = WITH_A_TABLE.format(
    name="thing", types="Column, Integer, Text", columns='Column("a", Integer), Column("b", Text, nullable=False)'
)
PENDING = {
    "a column more": "ALTER TABLE thing ADD c text",
    "a column less": "ALTER TABLE thing DROP a",
    "an index": "CREATE INDEX thing_a ON thing (a)",
    "a comment": "COMMENT ON TABLE thing IS 'it''s'",
}
Judge = Callable[..., Run]
Again = Callable[..., Report]


@pytest.mark.parametrize("name", DECLARED)
def test_a_declaration_is_corrected_as_it_is_told(name: str, judge_chain: Judge, judge_again: Again) -> None:
    top, (up, down), code, words, wrong, right = DECLARED[name]
    checks = ("upgrade", "roundtrip", "locks", "declarations")
    report = judge_chain(table("thing"), Revision("says", up, down, top), only=checks).report
    (found,) = [one for one in report.findings if one.code == code]

    (typed,) = re.findall(words, f"{found.message} {found.mend}")[:1]
    corrected = right.format(re.sub(r"<check>", "locks", typed)).replace("<reason>", "it is meant")
    path = Path(report.chain.revisions[-1].path)
    text = path.read_text(encoding="utf-8")
    assert wrong in text
    path.write_text(text.replace(wrong, corrected), encoding="utf-8")

    assert told(judge_again(report, only=checks).findings) == []


def test_a_way_back_that_nobody_wrote_is_written_or_declared_to_be_none(judge_chain: Judge, judge_again: Again) -> None:
    up, refuses = ADDS[0], "raise NotImplementedError"
    checks = ("upgrade", "roundtrip", "declarations")
    report = judge_chain(table("thing"), Revision("adds", up, refuses), only=checks).report
    (found,) = report.findings
    path = Path(report.chain.revisions[-1].path)
    declared = 'irreversible = "it is meant"'

    texts = [
        Revision("adds", up, code_of(found, "way back")).text("thing"),
        Revision("adds", up, f"{refuses}(irreversible)", declared).text("thing"),
    ]
    left = []
    for text in texts:
        path.write_text(text, encoding="utf-8")
        left.append(told(judge_again(report, only=checks).findings))

    assert found.code == "PGH-R001"
    assert 'declare irreversible = "<reason>" beside its code' in found.mend
    assert left == [[], []]


@pytest.mark.parametrize("name", PENDING)
def test_what_alembic_would_draft_is_a_revision(name: str, judge_chain: Judge, judge_again: Again) -> None:
    made = table("thing", "id serial PRIMARY KEY, a int, b text NOT NULL")
    report = judge_chain(made, Revision("extra", sql(PENDING[name])), env=MODELS, only=("autogenerate",)).report

    add_mends(report, report.findings, "write a revision")
    undoing = [one for one in judge_again(report, only=("roundtrip",)).findings if one.revision == "mend_0"]
    type_into_downgrades(report, undoing)

    again = judge_again(report, only=("upgrade", "autogenerate", "roundtrip")).findings
    assert [one.code for one in report.findings] == ["PGH-A002"]
    assert code_of(report.findings[0], "write a revision")
    assert told(one for one in again if one.revision != "extra") == []


RULE = '[[tool.pgharness.ignore]]\nobject = "{}"\nreason = "it is meant"\n{}'
EXTRA = Revision("extra", sql("CREATE VIEW v AS SELECT a FROM thing"), sql("DROP VIEW v"))
# A rule, the finding's code, and the rule as it is told to be.
RULES = {
    "that has expired": (
        RULE.format("public.v", "expires = 2020-01-01"),
        "PGH-X006",
        RULE.format("public.v", "expires = 2999-01-01"),
    ),
    "that nothing needs": (
        f"{RULE.format('public.v', '')}\n{RULE.format('public.other', '')}",
        "PGH-X007",
        RULE.format("public.v", ""),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_extended_or_removed(name: str, judge_chain: Judge, judge_again: Again) -> None:
    rules, code, corrected = RULES[name]
    made = table("thing", "id serial PRIMARY KEY, a int, b text NOT NULL")
    # That nothing needs a rule is known where all is compared that can be.
    checks = ("upgrade", "drift", "autogenerate", "roundtrip", "structure", "modes", "crash", "declarations")
    chain = judge_chain(made, EXTRA, env=MODELS, only=("drift",)).report
    add_settings(chain, rules)
    found = judge_again(chain, only=checks).findings

    settings = folder_of(chain) / SETTINGS
    settings.write_text(settings.read_text(encoding="utf-8").replace(rules, corrected), encoding="utf-8")

    assert code in {one.code for one in found}
    assert told(judge_again(chain, only=checks).findings) == []


def test_a_downgrade_that_is_missing_is_written(judge_chain: Judge, judge_again: Again) -> None:
    checks = ("upgrade", "graph", "roundtrip", "declarations")
    up, refuses = REFUSES
    chain = judge_chain(table("thing"), Revision("adds", up, refuses), only=("graph",)).report
    path = Path(chain.chain.revisions[-1].path)
    written = path.read_text(encoding="utf-8")
    path.write_text(written.partition("def downgrade")[0], encoding="utf-8")
    (found,) = [one for one in judge_again(chain, only=checks).findings if one.code == "PGH-G005"]

    (declared,) = re.findall(DECLARE, found.mend)
    top = declared.replace("<reason>", "it is meant")
    assert "raise NotImplementedError in it" in found.mend
    path.write_text(Revision("adds", up, refuses, top).text("thing"), encoding="utf-8")

    assert told(judge_again(chain, only=checks).findings) == []
