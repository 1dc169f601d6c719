"""Checks that the settings name: found beside the configuration, judged like ours, and told by one message where they are none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pgharness
from pgharness.judging.judge_faults import in_one_line
from pgharness.judging.registry import CHECKS, known_checks
from pgharness.report.model import Cell, Report

ENDED = Callable[..., Any]

NAMED = """
from pgharness import Check, Finding


def judge(record, _compare):
    for revision in record.chain.revisions:
        if len(revision.label) > 15:
            yield Finding("short_names", revision.revision, f"revision {revision.label}", "Its name is long.", "shorten it")


CHECK = Check(name="short_names", claim="names are short", reason="They are read often.", mend="shorten it", judge=judge)
"""
COUNTRY = "versions/0003_add_country.py"
ALLOWED = {COUNTRY: ('down_revision = "0002"', 'down_revision = "0002"\nallow = {"short_names": "it is a good name"}')}


@pytest.fixture(autouse=True)
def _imports_forgotten() -> Iterator[None]:
    """Let the modules of one test be unknown to the next."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if "checks_of_a_test" in name:
            del sys.modules[name]


@pytest.fixture
def check_with(
    tmp_path: Path, example: Callable[..., Path], quiet_url: str, command_line: ENDED, monkeypatch: pytest.MonkeyPatch
) -> ENDED:
    """Run `pgharness check` in a project with a module of checks, and with what its settings name."""

    def run(module: str, *arguments: str, named: str = "checks_of_a_test:CHECK", edits: Any = None) -> Any:
        settings = f'[tool.pgharness]\nalembic = "alembic.ini"\nchecks = ["{named}"]\nonly = ["graph"]\n'
        project = example(edits={**(edits or {}), "checks_of_a_test.py": module, "pyproject.toml": settings})
        monkeypatch.chdir(tmp_path)
        return command_line("check", "--config", project / "pyproject.toml", "--server", quiet_url, *arguments)

    return run


def test_a_check_beside_the_configuration_is_judged_and_told(check_with: ENDED) -> None:
    ended = check_with(NAMED, "--only", "short_names")

    assert ended.code == 1
    assert "short_names [0003_add_country] revision 0003_add_country\n  Its name is long.\n" in ended.out
    assert ended.out.count("short_names [") == 1


def test_a_check_of_ones_own_can_be_skipped(check_with: ENDED) -> None:
    assert check_with(NAMED, "--skip", "short_names").code == 0


def test_a_check_of_ones_own_can_be_allowed_by_a_revision(check_with: ENDED) -> None:
    ended = check_with(NAMED, "--only", "short_names", edits=ALLOWED)

    assert (ended.code, "OK: no findings" in ended.out) == (0, True)


def test_an_allowance_of_a_check_of_ones_own_that_finds_nothing_is_told_as_unused(check_with: ENDED) -> None:
    ended = check_with(NAMED.replace("> 15", "> 99"), "--only", "short_names", edits=ALLOWED)

    assert (
        "declaration allow['short_names'] of 0003_add_country PGH-X003\n  Unused: the check has no finding here to allow."
        in ended.out
    )


def test_a_misspelt_name_of_a_check_of_ones_own_is_told_with_the_nearest(check_with: ENDED) -> None:
    ended = check_with(NAMED, "--only", "short_name")

    assert ended.code == 2
    assert "did you mean 'short_names'?" in ended.err


BROKEN = [
    pytest.param(NAMED, "checks_of_a_test", "it has not the form module:ATTRIBUTE", id="no attribute named"),
    pytest.param(
        NAMED,
        "checks_of_another:CHECK",
        "ModuleNotFoundError: No module named 'checks_of_another'",
        id="no such module",
    ),
    pytest.param(NAMED, "checks_of_a_test:CHEKC", "has no attribute 'CHEKC'", id="no such attribute"),
    pytest.param("1 / 0\n", "checks_of_a_test:CHECK", "checks_of_a_test.py, line 1)", id="a module that raises"),
    pytest.param(
        "CHECK = 1 1\n", "checks_of_a_test:CHECK", "SyntaxError: invalid syntax", id="a module that is no Python"
    ),
    pytest.param("CHECK = 'me'\n", "checks_of_a_test:CHECK", "it is of type str", id="no Check"),
    pytest.param(
        NAMED.replace('name="short_names"', 'name="short names"'),
        "checks_of_a_test:CHECK",
        "its name is 'short names'",
        id="a name that cannot be written",
    ),
    pytest.param(
        "raise SystemExit(0)\n", "checks_of_a_test:CHECK", "SystemExit: 0", id="a module that ends the program"
    ),
    pytest.param(
        NAMED.replace('name="short_names"', "name=None"),
        "checks_of_a_test:CHECK",
        "Check(name=…) has to be a text, and is None",
        id="no name",
    ),
    pytest.param(
        NAMED.replace("judge=judge)", 'judge=judge, needs=["models"])'),
        "checks_of_a_test:CHECK",
        "Check(needs=…) has to be a set of names, and is ['models']",
        id="a list of needs",
    ),
]


@pytest.mark.parametrize(("module", "named", "seen"), BROKEN)
def test_what_is_no_check_ends_with_one_message_that_says_where_it_was_named(
    check_with: ENDED, module: str, named: str, seen: str
) -> None:
    ended = check_with(module, named=named)

    assert ended.code == 2
    assert ended.err.startswith(f"A check cannot be loaded: checks = ['{named}'] of [tool.pgharness].\n  seen: ")
    assert seen in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("taken", ["drift", "declarations"])
def test_a_name_that_another_check_has_is_told_with_both(check_with: ENDED, taken: str) -> None:
    ended = check_with(NAMED.replace('name="short_names"', f'name="{taken}"'))

    assert ended.code == 2
    assert f"Two checks are called '{taken}'.\n  seen: one is of pgharness itself, one of checks = [" in ended.err


def test_a_check_that_asks_for_an_unknown_experiment_is_told_the_nearest(check_with: ENDED) -> None:
    ended = check_with(NAMED.replace("judge=judge)", 'judge=judge, needs=frozenset({"modells"}))'))

    assert ended.code == 2
    assert "The check short_names needs an experiment that there is not." in ended.err
    assert "did you mean 'models'?" in ended.err


FAULTS = [
    pytest.param("1 / 0", "ZeroDivisionError: division by zero (", id="it raises"),
    pytest.param("yield 'no'", "Misjudged: it yields a str, 'no', which is neither", id="it yields something else"),
    pytest.param("return None", "TypeError: 'NoneType' object is not iterable", id="it yields nothing at all"),
    pytest.param(
        "yield Finding('drift', None, 'x', 'y', 'z')", "of the check 'drift' instead of its own", id="in another's name"
    ),
    pytest.param(
        "yield Finding('short_names', '9', 'x', 'y', 'z')", "'9', which the chain has not", id="of an unknown revision"
    ),
    pytest.param("raise SystemExit(0)", "SystemExit: 0", id="it ends the program"),
    pytest.param(
        "yield Finding('short_names', None, 'x', 'y', 'z', None)", "whose evidence is no text: None", id="without text"
    ),
    pytest.param(
        "yield Finding('short_names', None, 'x', '\\ud800', 'z')", "whose message is no text", id="half of a character"
    ),
    pytest.param("_compare(record.base, record.base)", "Check(compares=True)", id="it compares without saying so"),
]


@pytest.mark.parametrize(("code", "seen"), FAULTS)
def test_what_goes_wrong_in_a_judge_is_that_checks_fault_and_the_others_are_judged(
    check_with: ENDED, code: str, seen: str
) -> None:
    module = f"{NAMED.partition('def judge')[0]}def judge(record, _compare):\n    {code}\n\n\nCHECK{NAMED.partition('CHECK')[2]}"

    ended = check_with(module, "--only", "short_names", "--only", "graph")

    assert ended.code == 1
    assert "short_names [whole chain] check short_names PGH-J001\n  Its judge raised " in ended.out
    assert seen in ended.out
    assert "which is no part of pgharness; or leave the check out: --skip short_names" in ended.out
    assert "Internal error" not in ended.out + ended.err
    assert "FAILED: 1 finding in 3 revisions, 3 checks" in ended.out


def test_a_check_that_broke_off_holds_nowhere_and_leaves_allowances_alone(
    judge_example: Callable[..., Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checks_of_a_test.py").write_text(NAMED.replace("> 15", "> '15'"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    report = judge_example(edits=ALLOWED, checks=("checks_of_a_test:CHECK",), only=("short_names",))

    result = next(one for one in report.results if one.name == "short_names")
    cells = [report.cell(result, revision)[0] for revision in (*report.chain.revisions, None)]
    assert cells == [Cell.UNTRIED, Cell.UNTRIED, Cell.UNTRIED, Cell.BROKEN]
    assert [finding.check for finding in report.findings] == ["short_names"]
    assert "checks_of_a_test.py" in report.findings[0].evidence
    assert "pgharness/judging" not in report.findings[0].evidence


def test_a_module_whose_name_begins_like_ours_is_not_taken_for_ours() -> None:
    neighbour = f"{Path(pgharness.__file__).parent}_comments.py"

    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("1 / 0", neighbour, "exec"))  # noqa: S102 - the file need not be there

    assert in_one_line(caught.value) == f"ZeroDivisionError: division by zero ({neighbour}, line 1)"


def test_what_a_check_prints_stays_out_of_the_report(check_with: ENDED) -> None:
    module = NAMED.replace(
        "def judge(record, _compare):",
        "print('while imported')\n\n\ndef judge(record, _compare):\n    print('while judging')",
    )

    ended = check_with(module, "--format", "json", "--only", "short_names")

    assert ended.out.startswith("{")
    assert ended.err.splitlines() == ["while imported", "while judging"]


def test_without_any_added_check_ours_are_known_in_their_order(tmp_path: Path) -> None:
    assert known_checks((), tmp_path) == CHECKS


def test_a_check_that_is_named_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "checks_of_a_test.py").write_text(f"{NAMED}\nAGAIN = CHECK\n", encoding="utf-8")

    known = known_checks(("checks_of_a_test:CHECK", "checks_of_a_test:AGAIN"), tmp_path)

    assert [check.name for check in known[len(CHECKS) :]] == ["short_names"]


def test_modules_of_one_name_in_two_projects_are_two(tmp_path: Path) -> None:
    for folder, name in (("one", "short_names"), ("other", "long_names")):
        (tmp_path / folder).mkdir()
        text = NAMED.replace('name="short_names"', f'name="{name}"')
        (tmp_path / folder / "checks_of_a_test.py").write_text(text, encoding="utf-8")

    found = [
        known_checks(("checks_of_a_test:CHECK",), tmp_path / folder)[-1].name for folder in ("one", "other", "one")
    ]

    assert found == ["short_names", "long_names", "short_names"]
