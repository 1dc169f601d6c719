"""A check in a distribution of its own is found by its entry point, and told wherever ours are."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from pgharness.findings import CannotRun
from pgharness.judging.registry import known_checks
from pgharness.report import FORMATS
from pgharness.report.model import Report
from pgharness.report.text import print_report
from tests.harness.conftest import EXAMPLES

pytest_plugins = ["pytester"]

BOOK = "versions/0002_add_book.py"
AUTHOR = "versions/0001_add_author.py"
COMMENTS_AUTHOR = "    op.execute(\"COMMENT ON TABLE author IS 'who writes'\")\n\n\ndef downgrade"
COMMENTED = {AUTHOR: ("\n\ndef downgrade", COMMENTS_AUTHOR)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the example."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(
        command, cwd=EXAMPLES / "a_package_with_a_check", capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the wheel into a folder on the path, as `pip install --target` does: it is pure Python."""
    folder = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(folder)
    monkeypatch.syspath_prepend(folder)
    yield folder
    sys.modules.pop("pgharness_comments", None)


@pytest.fixture
def report(installed: Path, judge_example: Callable[..., Report]) -> Report:  # noqa: ARG001 - it is found there
    """Judge an example where one table has a comment and another has none."""
    return judge_example(edits=COMMENTED, only=("commented",))


def test_it_finds_what_it_is_for_and_nothing_else(report: Report) -> None:
    assert [(one.check, one.revision, one.subject) for one in report.findings] == [
        ("commented", "0002", "table public.book")
    ]


def test_it_is_told_in_every_format(report: Report) -> None:
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        print_report(console, report)

    for told in (*(render(report) for render in FORMATS.values()), captured.get()):
        assert all(
            part in told for part in ("commented", "table public.book", "It has no comment.", "COMMENT ON TABLE")
        )
    assert "every table has a comment" in FORMATS["html"](report)


@pytest.fixture
def run_tests(
    pytester: pytest.Pytester, example: Callable[..., Path], quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], pytest.RunResult]:
    """Run pytest on the example where one table has a comment and another has none."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run() -> pytest.RunResult:
        shutil.copytree(example(edits=COMMENTED), pytester.path, dirs_exist_ok=True)
        pytester.makepyprojecttoml('[tool.pgharness]\nalembic = "alembic.ini"\nonly = ["commented"]\n')
        options = ("-v", "-p", "no:cacheprovider", "-p", "no:schemathesis", "--junitxml=junit.xml")
        return pytester.runpytest_inprocess(*options, "--pgharness", f"--pgharness-server={quiet_url}")

    return run


@pytest.mark.usefixtures("installed")
def test_it_is_an_item_of_pytest_for_each_revision(
    run_tests: Callable[[], pytest.RunResult], pytester: pytest.Pytester
) -> None:
    result = run_tests()

    result.stdout.fnmatch_lines(
        ["*::commented[[]0001_add_author] PASSED*", "*::commented[[]0002_add_book] FAILED*", "  It has no comment."]
    )
    junit = ET.parse(pytester.path / "junit.xml")  # noqa: S314 - pytest wrote it
    failed = [case for case in junit.iter("testcase") if len(case)]
    assert [(case.get("name"), "COMMENT ON TABLE public.book" in (case[0].text or "")) for case in failed] == [
        ("commented[0002_add_book]", True)
    ]


def test_one_that_is_broken_ends_pytest_with_one_message(
    installed: Path, run_tests: Callable[[], pytest.RunResult]
) -> None:
    (installed / "pgharness_comments.py").write_text("CHECK = None\n", encoding="utf-8")

    result = run_tests()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["A check cannot be loaded: the entry point commented = *", "  seen: it is of type NoneType"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_entry_point_that_leads_nowhere_is_told_with_its_distribution(installed: Path, tmp_path: Path) -> None:
    (installed / "pgharness_comments.py").unlink()

    with pytest.raises(CannotRun) as caught:
        known_checks((), tmp_path)

    assert caught.value.what == (
        "A check cannot be loaded: the entry point commented = 'pgharness_comments:CHECK' of pgharness-comments."
    )
    assert "No module named 'pgharness_comments'" in caught.value.seen
