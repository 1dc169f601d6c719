"""What people declare in the settings decides what is told, and is judged itself; no database is needed for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.ignore_rules import IgnoreRule, IgnoreRules
from pgharness.checks import indices, structure
from pgharness.checks.check import Check, Compare
from pgharness.findings import CannotRun, Finding, Status
from pgharness.judging.judging import judge, wanted_checks
from pgharness.judging.registry import CHECKS
from pgharness.judging.rules import Rules
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import StructureRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.records.steps import RevisionRecord, Step

EMPTY = Snapshot({}, 180000)
WITH_TABLE = Snapshot({FactKey("table", "public.book", "exists"): "true"}, 180000)
RECORD = ChainRecord(Chain((), (), ()), "public.alembic_version", (), EMPTY)
TABLES_RULE = IgnoreRule(kind="table", reason="made by hand")
UNCOVERED = "constraint public.book.fk_author"


def judge_nothing(_record: ChainRecord, _compare: Compare) -> tuple[Finding, ...]:
    return ()


def judge_indices(_record: ChainRecord, _compare: Compare) -> Iterator[Finding]:
    yield Finding(indices.NAME, None, UNCOVERED, "No index serves it.", "create one")


INDICES = replace(indices.CHECK, judge=judge_indices)
OTHER = Check(name="other", claim="all is well", reason="or else", mend="mend it", judge=judge_nothing)


def told(record: ChainRecord, checks: Sequence[Check], rules: Rules) -> list[tuple[str, str, str]]:
    """Judge, and give of each finding its check, its subject and its message."""
    return [
        (finding.check, finding.subject, finding.message)
        for result in judge(record, checks, rules)
        for finding in result.findings
    ]


def test_a_finding_of_indices_that_is_allowed_with_a_reason_is_not_told() -> None:
    assert told(RECORD, [INDICES], Rules(allow_indices={UNCOVERED: "authors are never deleted"})) == []


def test_an_allowed_index_without_a_reason_is_found() -> None:
    assert told(RECORD, [INDICES], Rules(allow_indices={UNCOVERED: " "})) == [
        ("declarations", f"allow_indices[{UNCOVERED!r}]", "Missing reason.")
    ]


def test_an_allowed_index_that_allows_nothing_is_found_where_indices_are_judged() -> None:
    rules = Rules(allow_indices={"index public.ix_gone": "it was useful once", UNCOVERED: "authors are never deleted"})

    assert told(RECORD, [INDICES], rules) == [
        ("declarations", "allow_indices['index public.ix_gone']", "Unused: there is no such finding to allow.")
    ]
    assert told(RECORD, [OTHER], rules) == []


def test_the_claim_about_declarations_comes_last_and_needs_no_walk() -> None:
    *_, last = judge(RECORD, [OTHER], Rules())

    assert (last.name, last.status, last.needs_walk) == ("declarations", Status.PASSED, False)


def test_a_result_says_what_its_check_claims_and_why() -> None:
    first, _ = judge(RECORD, [OTHER], Rules())

    assert (first.claim, first.why) == ("all is well", "or else")


def test_an_ignore_rule_that_leaves_nothing_out_is_found_where_every_comparison_was_made() -> None:
    rules = Rules(ignore=IgnoreRules((TABLES_RULE,)))

    assert [subject for _, subject, _ in told(RECORD, CHECKS, rules) if "ignore" in subject] == [
        "ignore rule table * *"
    ]
    assert told(RECORD, [check for check in CHECKS if check.name not in {"graph", "structure"}], rules) == []


@pytest.mark.parametrize("text", ["stale", "fresh"])
def test_an_ignore_rule_is_used_by_a_comparison_whether_or_not_its_outcome_is_told(text: str) -> None:
    record = replace(RECORD, structure=StructureRecord("structure.sql", text, "fresh", WITH_TABLE))
    checks = [replace(check, judge=judge_nothing) if check.name != structure.NAME else check for check in CHECKS]

    found = told(record, checks, Rules(ignore=IgnoreRules((TABLES_RULE,))))

    assert [check for check, _, _ in found] == ([structure.NAME] if text == "stale" else [])


def test_a_difference_is_told_where_no_rule_leaves_it_out() -> None:
    record = replace(RECORD, structure=StructureRecord("structure.sql", "fresh", "fresh", WITH_TABLE))

    ((check, _, message),) = told(record, [structure.CHECK], Rules())

    assert check == structure.NAME
    assert "Exists in the structure file, missing in the chain." in message


def test_a_check_that_compares_has_to_say_so() -> None:
    def compare_in_secret(record: ChainRecord, compare: Compare) -> tuple[Finding, ...]:
        compare(record.base, record.base)
        return ()

    with pytest.raises(AssertionError, match="compares=True"):
        judge(RECORD, [replace(indices.CHECK, judge=compare_in_secret, only_at_heads=False)], Rules())


def test_an_allowance_is_unused_only_at_a_revision_that_the_walk_reached() -> None:
    first, second = (
        Revision(number, number, f"{number}.py", (), allow={"indices": "it is small"}) for number in ("0001", "0002")
    )
    walked = RevisionRecord(first, EMPTY, Step((), 0.0, EMPTY))
    record = replace(RECORD, chain=Chain((first, second), ("0002",), ("0001",)), revisions=(walked,))
    silent = replace(INDICES, judge=judge_nothing, only_at_heads=False)

    found = [one for one in told(record, [silent], Rules()) if one[0] == "declarations"]
    assert found == [
        ("declarations", "declaration allow['indices'] of 0001", "Unused: the check has no finding here to allow.")
    ]


def test_since_leaves_out_what_earlier_revisions_declare() -> None:
    misspelt = Revision("0001", "0001", "0001.py", (), allow={"indexes": "it is small"})
    record = replace(RECORD, chain=Chain((misspelt,), ("0001",), ("0001",)))

    assert [check for check, _, _ in told(record, [], Rules())] == ["declarations"]
    assert told(record, [], Rules(since="0001")) == []


def test_checks_that_are_all_skipped_are_refused() -> None:
    with pytest.raises(CannotRun, match="leave out one of the two"):
        wanted_checks(("drift", "enums"), ("enums", "drift"))
    assert [check.name for check in wanted_checks(("drift", "enums"), ("enums",))] == ["drift"]


def test_since_leaves_nothing_out_of_what_models_say_of_the_heads() -> None:
    first = Revision("0001", "0001", "0001.py", ())
    walked = RevisionRecord(first, EMPTY, Step((), 0.0, EMPTY))
    record = replace(RECORD, chain=Chain((first,), ("0001",), ("0001",)), revisions=(walked,))
    one = Finding("indices", "0001", "index public.a", "It is so.", "mend it", code="PGH-I002")
    of_today, of_old = (
        replace(INDICES, judge=lambda *_: iter([one]), of_today=is_of_today) for is_of_today in (True, False)
    )

    assert [found[0] for found in told(record, [of_today], Rules(since="0001"))] == ["indices"]
    assert told(record, [of_old], Rules(since="0001")) == []


def test_several_names_in_one_option_are_told_how_to_be_given() -> None:
    with pytest.raises(CannotRun, match="give the option once for each: --skip drift --skip enums"):
        wanted_checks((), ("drift,enums",))
