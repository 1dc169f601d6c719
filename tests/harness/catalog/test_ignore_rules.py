from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.ignore_rules import IgnoreRule, IgnoreRules
from pgharness.settings import IgnoreSetting

FILLFACTOR = Difference("table", "public.book", "option fillfactor", "70", None)
OWNER = Difference("table", "public.book", "owner", "somebody", None)
TODAY = date(2030, 5, 17)
# A difference between the chain and the models of the example project.
EDITS = {"versions/0002_add_book.py": (', postgresql_include=["pages"]', "")}
RULE = {"kind": "index", "object": "public.ix_book_*", "reason": "made by hand in production"}


def rules(**rule: Any) -> IgnoreRules:
    return IgnoreRules((IgnoreRule(reason="because", **rule),), TODAY)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "table", "object": "public.book", "property": "option fillfactor"},
        {"object": "public.*", "property": "option *"},
        {"property": "option fill?actor"},
    ],
)
def test_a_rule_leaves_out_the_facts_that_it_names(rule: dict[str, str]) -> None:
    assert rules(**rule).kept([FILLFACTOR, OWNER]) == (OWNER,)


@pytest.mark.parametrize("rule", [{"kind": "index"}, {"object": "public.author"}, {"property": "OPTION FILLFACTOR"}])
def test_a_rule_leaves_in_what_it_does_not_name(rule: dict[str, str]) -> None:
    assert rules(**rule).kept([FILLFACTOR]) == (FILLFACTOR,)


def test_a_rule_on_a_table_takes_along_what_belongs_to_it() -> None:
    table, constraint = ObjectKey("table", "public.book"), ObjectKey("constraint", "public.book.book_pkey")
    index = Difference("index", "public.book_pkey", "exists", "index", None, (constraint, table))

    assert rules(kind="table", object="public.book").kept([index]) == ()
    assert rules(kind="table", object="public.book", property="option *").kept([index]) == (index,)


@pytest.mark.parametrize(("expires", "kept"), [(TODAY, ()), (TODAY - timedelta(days=1), (FILLFACTOR,))])
def test_a_rule_holds_through_its_last_day(expires: date, kept: tuple[Difference, ...]) -> None:
    assert rules(expires=expires).kept([FILLFACTOR]) == kept


def test_a_rule_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        IgnoreSetting.model_validate({"kind": "table", "reason": ""})


def test_a_difference_that_a_rule_names_is_no_finding(judge_example: Callable[..., Any]) -> None:
    assert _findings(judge_example("sound", EDITS, ignore=(RULE,))) == []


def test_a_rule_that_leaves_nothing_out_is_a_finding(judge_example: Callable[..., Any]) -> None:
    [finding] = _findings(judge_example("sound", ignore=(RULE,), skip=()))

    assert finding.subject == "ignore rule index public.ix_book_* *"
    assert "Unused ignore rule" in finding.message


def test_a_rule_that_has_expired_is_a_finding_and_leaves_nothing_out(judge_example: Callable[..., Any]) -> None:
    found = _findings(judge_example("sound", EDITS, ignore=({**RULE, "expires": "2020-01-01"},)))

    assert {finding.check for finding in found} == {"declarations", "drift"}
    assert any("Expired on 2020-01-01" in finding.message for finding in found)


def test_an_unused_rule_is_none_where_not_every_comparison_was_made(judge_example: Callable[..., Any]) -> None:
    assert _findings(judge_example("sound", ignore=(RULE,), only=("graph", "drift"))) == []


def _findings(report: Any) -> list[Any]:
    return [finding for result in report.results for finding in result.findings]
