"""`declarations`: what revisions and settings declare is known, has a reason, and is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgharness.judging.declarations import Made
from pgharness.report.model import Report

COUNTRY = "versions/0003_add_country.py"

SLIPS = [
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nirreversable = "gone"')},
        "0003",
        "declaration irreversable of 0003_add_country",
        "write irreversible",
        id="a misspelt declaration",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallows = {"roundtrip": "it is fine"}')},
        "0003",
        "declaration allows of 0003_add_country",
        "write allow",
        id="another misspelt declaration",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {"roundtrips": "it is fine"}')},
        "0003",
        "declaration allow['roundtrips'] of 0003_add_country",
        "did you mean 'roundtrip'?",
        id="a declaration for a check that does not exist",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {"roundtrip": "it is fine"}')},
        "0003",
        "declaration allow['roundtrip'] of 0003_add_country",
        "remove it",
        id="a declaration that allows what is not done",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nirreversible = " "')},
        "0003",
        "declaration irreversible of 0003_add_country",
        'irreversible = "<why there is no way back>"',
        id="a declaration without a reason",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {"roundtrip": ""}')},
        "0003",
        "declaration allow['roundtrip'] of 0003_add_country",
        'allow = {"roundtrip": "<reason>"}',
        id="a permission without a reason",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = ["roundtrip"]')},
        "0003",
        "declaration allow of 0003_add_country",
        'allow = {"<check>": "<reason>"}',
        id="a permission that is a list",
    ),
    pytest.param(
        {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {1: "one"}')},
        "0003",
        "declaration allow['1'] of 0003_add_country",
        "name one of",
        id="a permission for a number",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    (told,) = found("declarations", edits, only=("roundtrip",))

    assert (told.subject, told.revision) == (subject, revision)
    assert mend in told.mend


@pytest.mark.parametrize(
    "chosen", [{"only": ("upgrade",)}, {"only": ("roundtrip",)}, {"skip": ("graph", "declarations")}]
)
def test_declarations_are_judged_whatever_checks_are_made(
    judge_example: Callable[..., Report], chosen: dict[str, Any]
) -> None:
    edits = {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {"roundtrp": "it stays"}')}
    report = judge_example(edits=edits, **chosen)

    assert [(finding.check, finding.subject) for finding in report.findings] == [
        ("declarations", "declaration allow['roundtrp'] of 0003_add_country")
    ]
    assert report.results[-1].name == "declarations"


def test_a_permission_for_a_check_that_is_not_made_is_not_called_unused(found: Callable[..., Any]) -> None:
    edits = {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {"roundtrip": "it stays"}')}

    assert found("declarations", edits, only=("graph",)) == []


@pytest.mark.parametrize("value", ["('draft', 'sold')", "{'draft': ('sold',)}", "'draft'"])
def test_a_variable_that_could_be_no_declaration_is_the_revisions_own(value: str, found: Callable[..., Any]) -> None:
    edits = {COUNTRY: ('down_revision = "0002"', f'down_revision = "0002"\nallowed = {value}\nirreversibles = ()')}

    assert found("declarations", edits, only=("graph",)) == []


def test_a_permission_of_a_revision_that_a_check_did_not_try_is_not_called_unused() -> None:
    made = Made(frozenset({"compat"}), frozenset({"compat"}), frozenset({"a", "b"}), (), {"compat": frozenset({"b"})})

    assert [made.covers("compat", revision) for revision in ("a", "b", None)] == [False, True, True]
