"""The page that people look at: what stands on it, in which order, and how one gets about."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from urllib.parse import unquote

import pytest

from pgharness.findings import CheckResult, Finding, Status
from pgharness.records.revisions import Chain
from pgharness.records.steps import Failure
from pgharness.report.markup import text
from pgharness.report.model import Report
from pgharness.report.page import render_html, render_trace_page
from pgharness.report.typed import typed
from pgharness.running import Run
from tests.harness.report.making import ADD_BOOK, ADD_PRICE, FAILED, FIX, HOSTILE, OF_ONE_CAUSE, PASSED, report_of
from tests.harness.report.reading import Page

ALL = {"passed": PASSED, "failed": FAILED, "hostile": HOSTILE}


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_the_page_is_whole_and_needs_nothing_beside_it(report: Report) -> None:
    page = Page(render_html(report))

    assert not {"link", "img", "iframe"} & {tag for tag, _ in page.elements}
    assert page.values("src") == []
    assert page.count("script") == 1
    assert all(href.startswith("#") for href in page.values("href"))


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_every_link_leads_to_the_one_element_of_that_name(report: Report) -> None:
    page = Page(render_html(report))
    names = page.values("id")

    assert len(names) == len(set(names))
    assert {unquote(href[1:]) for href in page.values("href")} <= set(names)


def test_no_name_occurs_twice_whatever_checks_and_revisions_are_called(walked: Run) -> None:
    """The drawing of upgrade() is none of the check of that name, nor is `b-c` of revision `a` the `c` of revision `a-b`."""
    alike = ("upgrade", "b-c", "c", "upgrade-1")
    results = [CheckResult(name, Status.PASSED, 0.0) for name in alike]
    named = report_of(*results, revisions=(replace(ADD_BOOK, revision="a"), replace(ADD_PRICE, revision="a-b")))
    made = walked.report.results
    more = [one for one in results if one.name not in {result.name for result in made}]
    pages = [Page(render_html(one)) for one in (named, replace(walked.report, results=(*made, *more)))]

    for page in pages:
        names = page.values("id")
        assert sorted(names) == sorted(set(names))
        assert {unquote(href[1:]) for href in page.values("href")} <= set(names)
    assert {"r2_script_-upgrade", "r2_script_~upgrade"} <= set(pages[1].values("id"))


def test_the_verdict_comes_first_then_findings_by_weight_then_the_grid_then_the_revisions() -> None:
    text = Page(render_html(FAILED)).text

    order = [
        "FAILED: 3 findings",
        "NOT CHECKED: drift",
        "Hurts a service that runs",
        "Lets databases differ",
        "Revisions and checks",
        "0002_add_price",
        "What each check means",
    ]
    assert [text.index(words) for words in order[:-2]] == sorted(text.index(words) for words in order[:-2])
    assert text.index("PGH-W002") < text.index("structure file") < text.index("type public.cover")


def test_a_finding_has_its_file_and_line_what_was_seen_a_fix_to_copy_and_its_evidence() -> None:
    html = render_html(FAILED)

    assert "versions/0002_add_price.py:7</code>" in html
    assert "<code>ALTER</code> waits." in html
    assert html.count('<button type="button" class="copy" hidden>') == 1  # of three, for two have no code
    assert f'<pre class="typed" hidden>{text(typed(FIX))}</pre>' in html
    assert '<span class="removed">- a</span>\n<span class="added">+ b</span>' in html
    assert "<details><summary>Evidence, 60 lines</summary>" in html  # long, so it is folded


def test_each_cell_leads_to_what_was_found_or_looked_for_there() -> None:
    html = render_html(FAILED)

    assert '<td class="broken"><a href="#0002-locks">✗\N{NO-BREAK SPACE}1</a></td>' in html
    assert '<article id="0002-locks">' in html
    assert '<td class="holds"><a href="#0001-graph">✓</a></td>' in html
    assert '<li id="0001-graph" class="holds">✓ graph: one head &amp; one base</li>' in html
    assert '<li id="0001-drift" class="untried">– drift: no models are named</li>' in html
    assert '<article id="chain-structure">' in html


def test_findings_of_one_cause_stand_together() -> None:
    found = tuple(Finding("drift", "0001", f"index public.ix_{at}", "It is missing.", f"add {at}") for at in range(4))

    page = Page(render_html(report_of(CheckResult("drift", Status.FAILED, 0.0, found))))

    assert page.count("article") == 1
    assert "4 × index" in page.text
    assert "add 3" in page.text


def test_of_one_cause_that_is_said_which_holds_for_all() -> None:
    page = render_html(OF_ONE_CAUSE)

    assert "3 × table" in page
    assert '<p class="message">It waits for tables.</p>' in page
    assert "waits for t0" not in page


def test_a_cause_at_several_revisions_is_reached_from_the_cells_of_each() -> None:
    found = tuple(
        Finding("locks", one, f"table public.{name}", "It waits.", f"mend {name}")
        for one, name in (("0001", "a"), ("0002", "b"), ("0002", "c"))
    )

    page = render_html(report_of(CheckResult("locks", Status.FAILED, 0.0, found)))

    assert '<article id="0001-locks">' in page
    assert '<li id="0002-locks"><code>public.b [0002_add_price]</code>' in page
    assert page.count('id="0002-locks"') == 1
    assert '2 revisions · <a href="#0001">0001_add_book</a>, <a href="#0002">0002_add_price</a>' in page


def test_markup_in_names_is_shown_as_it_is() -> None:
    html = render_html(HOSTILE)

    assert html.count("<script>") == 1  # ours
    assert "<script>alert('&')</script>" in Page(html).text
    assert "\\x00\\x1b" in html


def test_a_revision_shows_its_locks_its_work_and_its_schema(walked: Run) -> None:
    html = render_html(walked.report)
    page = Page(html)

    assert 'ACCESS EXCLUSIVE on "<script>"' in page.text
    assert "▲ A lock is held over work" in page.text
    assert 'writes the rows of public."<script>" (' in page.text
    assert '+ "x<y"' in page.text
    assert "added type mood" in page.text
    assert "The schema stays as it is." in page.text
    assert "alembic_version" not in page.text
    assert html.count("<script>") == 1


def test_a_revision_that_fails_says_so_where_its_locks_are_drawn(walked: Run) -> None:
    one = walked.record.revisions[1]
    failed = replace(one, upgrade=replace(one.upgrade, snapshot=None, failure=Failure("DataError", "<b> is odd\nat 3")))

    html = render_html(replace(walked.report, walked=(failed,)))

    assert "fails: &lt;b&gt; is odd</p>" in html
    assert Page(html).count("svg") == 2  # its locks up and down, and no schema


def test_the_trace_page_draws_the_same(walked: Run) -> None:
    told = render_trace_page(walked.record.revisions, {})
    drawing = re.compile('<svg class="timeline".*?</svg>')

    assert page_without_grid(told)
    assert drawing.findall(told) == drawing.findall(render_html(walked.report))
    assert len(drawing.findall(told)) == 4  # two revisions, both ways


def page_without_grid(html: str) -> bool:
    """Whether a page is whole and has no grid."""
    return Page(html).count("table") == 0


def test_a_hundred_revisions_stay_small_and_are_written_in_a_moment(walked: Run) -> None:
    one = walked.record.revisions[1]
    revisions = [replace(one.revision, revision=f"rev{at}", label=f"{at:04}_a_revision_of_many") for at in range(100)]
    chain = Chain(tuple(revisions), ("rev99",), ("rev0",))
    results = tuple(
        CheckResult(f"check{at}", Status.PASSED, 0.0, claim="a claim of some words " * 3) for at in range(17)
    )
    report = replace(
        walked.report,
        chain=chain,
        reached=frozenset(item.revision for item in revisions),
        results=results,
        walked=tuple(replace(one, revision=item) for item in revisions),
    )

    started = time.perf_counter()
    html = render_html(report)

    assert len(html.encode()) < 3_000_000
    assert time.perf_counter() - started < 10


def test_a_revision_is_headed_by_as_many_statements_as_are_drawn(walked: Run) -> None:
    """What Alembic notes in its version table is not counted."""
    page = render_html(walked.report)
    headed = re.search(r'class="label">r1</span> <small>.*?(\d+) statements', page)
    drawn = re.search(r"upgrade\(\): locks and work over (\d+) statements", page)

    assert headed is not None
    assert drawn is not None
    assert headed[1] == drawn[1] == "2"
