"""The report for a pull request: short, folded, whole at any number of findings, and never read as somebody's markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.findings import CheckResult, Finding, Note, Status
from pgharness.records.revisions import Revision
from pgharness.report.markdown import MOST_CHARACTERS, render_markdown
from tests.harness.report.making import FAILED, HOSTILE, OF_ONE_CAUSE, PASSED, report_of
from tests.harness.report.reading import Page


def test_a_passing_run_is_a_sentence() -> None:
    lines = render_markdown(PASSED).splitlines()

    assert lines[0] == "**OK: no findings in 2 revisions, 1 check, 2.0 s (server ready after 0.2 s)**"
    assert len(lines) < 6


def test_the_grid_has_only_rows_and_columns_in_which_something_was_found() -> None:
    told = render_markdown(FAILED)

    assert "| revision | structure | roundtrip | locks |\n| --- | :-: | :-: | :-: |\n" in told
    assert "| <code>0001_add_book</code> | ✓ | ✗ 1 | ✓ |" in told
    assert "1 other check and 0 other rows of the grid without findings." in told
    assert "- **NOT CHECKED: drift: no models are named" in told


def test_a_finding_is_one_folded_line_worst_first() -> None:
    lines = render_markdown(FAILED).splitlines()
    told = [line for line in lines if line.startswith("<details><summary><b>")]

    assert [line.partition("</b>")[0].rpartition(">")[2] for line in told] == ["locks", "structure", "roundtrip"]
    assert "<code>versions/0002_add_price.py:7</code></summary><p><code>ALTER</code> waits.</p>" in told[0]
    assert "<b>Fix</b><pre>DROP `TYPE`</pre><b>Evidence</b><pre>- a&#10;+ b&#10;&#10;  c</pre></details>" in told[2]


def test_of_one_cause_that_is_said_which_holds_for_all() -> None:
    told = render_markdown(OF_ONE_CAUSE)

    assert "<code>3 × table</code>" in told
    assert "<p>It waits for tables.</p>" in told
    assert "waits for t0" not in told


def test_of_a_cause_at_several_revisions_each_object_names_its_own() -> None:
    found = tuple(
        Finding("locks", one, f"table public.{name}", "It waits.", f"mend {name}")
        for one, name in (("0001", "a"), ("0002", "b"), ("0002", "c"))
    )

    told = render_markdown(report_of(CheckResult("locks", Status.FAILED, 0.0, found)))

    assert "<code>3 × table</code>  · 2 revisions</summary>" in told
    assert "<p><code>public.b [0002_add_price]</code></p>" in told


def test_files_are_called_as_in_the_repository_also_within_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    fix = f"undo in downgrade() of {tmp_path}/versions/0001.py what upgrade() does"
    finding = Finding("roundtrip", "0001", "downgrade of 0001", f"See {tmp_path}/env.py.", fix)
    result = CheckResult("roundtrip", Status.FAILED, 0.0, findings=(finding,))

    told = render_markdown(replace(FAILED, results=(result,)))

    assert "<p>See env.py.</p>" in told
    assert "undo in downgrade() of versions/0001.py what" in told
    assert str(tmp_path) not in told


@pytest.mark.parametrize("number", [3, 100, 5_000])
@pytest.mark.parametrize("alike", [True, False])
def test_it_is_never_longer_than_a_comment_may_be(number: int, *, alike: bool) -> None:
    revisions = tuple(Revision(f"r{at}", f"{at}_" + "é&|" * 200, "x.py", ()) for at in range(number))
    found = tuple(
        Finding(
            "drift",
            f"r{at % 2 if alike else at}",
            f"index <{'&' * 300}{at}>",
            f"{at % 2 if alike else at}" + "@<&>`" * 3_000,
            ("<" * 99 + "\n") * 90,
            "&\n" * 9_000,
        )
        for at in range(number)
    )
    results = (
        CheckResult(
            "drift", Status.FAILED, 0.0, found, notes=tuple(Note("x", None, f"{at}" * 2_000) for at in range(50))
        ),
        *(
            CheckResult(f"{at}{'*' * 500}", Status.SKIPPED, 0.0, reason=f"{at}{'_' * 5_000}", is_missed=True)
            for at in range(50)
        ),
    )

    told = render_markdown(replace(report_of(*results, revisions=revisions)))

    assert len(told) <= MOST_CHARACTERS
    assert "<details><summary><b>drift</b>" in told
    assert number == 3 or "more: `pgharness check --format html" in told


def test_nothing_of_a_project_is_read_as_markup() -> None:
    told = render_markdown(HOSTILE)
    blocks = [line for line in told.splitlines() if line.startswith("<details>")]

    assert "<script>" not in told
    assert all(Page(block).count("details") == 1 for block in blocks)
    assert len(blocks) == 3  # two findings, and what is worth knowing
    assert "@root" not in told  # nobody is told
    assert all(line.count("|") == 3 for line in told.splitlines() if line.startswith("|"))


def test_of_a_fix_for_which_there_is_no_room_no_line_is_cut() -> None:
    lines = [f'op.execute("DROP INDEX i{at}{"_" * 90}")' for at in range(9)]
    found = tuple(Finding("drift", "0001", f"index i{at}", "Gone.", "\n".join(lines)) for at in range(4))

    told = render_markdown(report_of(CheckResult("drift", Status.FAILED, 0.0, found)))

    (fix, *_) = re.findall("<pre>(.*?)</pre>", told)
    *kept, more = fix.split("&#10;")
    assert kept == lines[: len(kept)]
    assert len(kept) > 2
    assert more == "… more (pgharness check tells all)"
