"""Each kind of finding has a code of its own, which is explained, listed on a page, and told with every finding."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import pgharness
from pgharness.cli.catalogue import tell_kinds
from pgharness.describing.findings_page import page
from pgharness.findings import CannotRun, Finding
from pgharness.judging.registry import CLAIMS
from pgharness.kinds import our_kinds
from pgharness.report.text import finding_in_text

PACKAGE = Path(pgharness.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "findings.md"
CODE = re.compile(r"PGH-[A-Z]\d{3}")
NO_CHECKS = {"plans", "any"}  # of a command of its own, and of checks of somebody else's


def test_every_finding_in_the_source_is_made_with_a_code() -> None:
    without = [place for place, call in _findings_made() if all(keyword.arg != "code" for keyword in call.keywords)]

    assert without == [], "give it the code of its kind: Finding(…, code=…)"


def test_the_table_has_the_codes_that_the_source_uses_and_no_others() -> None:
    used = {code for file in PACKAGE.rglob("*.py") for code in CODE.findall(_code_alone(file))}

    assert used == {kind.code for kind in our_kinds()}


def test_the_codes_of_a_check_have_its_letter_and_are_numbered_without_a_gap() -> None:
    numbers = defaultdict(list)
    for kind in our_kinds():
        numbers[kind.check, kind.code[:5]].append(int(kind.code[5:]))

    assert [numbers[key] for key in numbers] == [list(range(1, len(found) + 1)) for found in numbers.values()]
    assert len({check for check, _ in numbers}) == len({letter for _, letter in numbers}) == len(numbers)
    assert {check for check, _ in numbers} == {claim.name for claim in CLAIMS} | NO_CHECKS


def test_the_page_of_findings_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m pgharness.describing.findings_page > docs/findings.md"


def test_the_first_line_of_a_finding_ends_with_its_code() -> None:
    finding = Finding("drift", "0002", "column public.book.isbn", "It is missing.", "add it", code="PGH-D001")

    assert finding_in_text(finding, "0002_add").splitlines()[0] == "drift [0002_add] column public.book.isbn PGH-D001"
    assert finding_in_text(finding).splitlines()[0] == "column public.book.isbn PGH-D001"


@pytest.mark.parametrize("asked", ["PGH-R002", "pgh-r002", "r002", "R2"])
def test_a_code_is_explained_however_it_is_written(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell_kinds(asked, None)

    said = capsys.readouterr().out
    assert said.startswith("PGH-R002 (roundtrip): downgrade() fails\n")
    assert '    op.drop_constraint("book_isbn_key", "book", type_="unique")' in said
    assert 'allow = {"roundtrip": "<reason>"}' in said


def test_of_a_check_its_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    tell_kinds("Graph", None)

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "PGH-G001  graph: the chain has several heads"
    assert {line.split()[1] for line in said} == {"graph:"}


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("PGH-Q9", "009'?"),
        ("W99", "'PGH-W009'"),
        ("PGH-R0022", "'PGH-R002'"),
        ("drfit", "'drift'?"),
    ],
)
def test_an_unknown_code_is_told_with_the_nearest_ones(asked: str, near: str) -> None:
    with pytest.raises(CannotRun) as told:
        tell_kinds(asked, None)

    assert near in told.value.mend


def test_a_check_of_somebody_elses_brings_kinds_that_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kinds_of_ours.py").write_text(
        "from pgharness import Check, Kind\n"
        "KIND = Kind(code='ACME-1', check='commented', what='no comment', why='Nobody knows.', example='x', fix='y')\n"
        "CHECK = Check(name='commented', claim='c', reason='r', mend='m', judge=lambda record, compare: (), kinds=(KIND,))\n",
        encoding="utf-8",
    )
    (tmp_path / "pyproject.toml").write_text("[tool.pgharness]\nchecks = ['kinds_of_ours:CHECK']\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    tell_kinds("acme-1", None)

    assert capsys.readouterr().out.startswith("ACME-1 (commented): no comment\n")


def _findings_made() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of Finding in the package, with its place."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                yield f"{file.relative_to(PACKAGE)}:{node.lineno}", node


def _code_alone(file: Path) -> str:
    """Return the texts in a file's code, without docstrings and comments, where a code may stand as an example."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants: list[ast.Constant] = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in told]
    return "\n".join(node.value for node in constants if isinstance(node.value, str) and CODE.fullmatch(node.value))
