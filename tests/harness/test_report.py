"""The ways in which a run is told to people."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pgharness.catalog.facts import Snapshot
from pgharness.cli.plain_signs import use_plain_signs
from pgharness.findings import CheckResult, Finding, Note, Status
from pgharness.judging.judging import judge, wanted_checks
from pgharness.judging.registry import CLAIMS
from pgharness.judging.rules import Rules
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import ModelsRecord, StructureRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.report import FORMATS
from pgharness.report.as_json import render_json
from pgharness.report.model import Cell, Report, ServerFacts
from pgharness.report.text import EVIDENCE_LINES, Detail, finding_in_text, print_report, render_text, summary

ADD_BOOK = Revision("0001", "0001_add_book", "versions/0001_add_book.py", ())
ADD_PRICE = Revision("0002", "0002_add_price", "versions/0002_add_price.py", ("0001",))
SERVER = ServerFacts("embedded", "18.6", "embedded PostgreSQL 18.6 from a test", "asked for")

LOST_TYPE = Finding(
    "roundtrip",
    "0001",
    "type public.cover",
    "downgrade() does not restore <it>.",
    'op.execute("DROP `TYPE`")',
    "- a\n+ b\n  c",
)
LOST_INDEX = Finding("roundtrip", "0001", "index public.ix", "It is gone.", "make it")
STALE = Finding(
    "structure",
    None,
    "structure file [x].sql",
    "Out of date: it differs from the schema at the head.",
    "write it",
    "\n".join("x" * 60),
)

FAILED = Report(
    server=SERVER,
    chain=Chain((ADD_BOOK, ADD_PRICE), ("0002",), ("0001",)),
    reached=frozenset({"0001"}),
    results=(
        CheckResult(
            "graph",
            Status.PASSED,
            0.5,
            notes=(Note("graph", "0001", "it is [odd]"),),
            claim="one head & one base",
            why="Two heads stop an upgrade.",
            needs_walk=False,
        ),
        CheckResult("drift", Status.SKIPPED, 0.0, reason="no models are named"),
        CheckResult("structure", Status.FAILED, 0.25, (STALE,)),
        CheckResult("roundtrip", Status.FAILED, 1.0, (LOST_TYPE, LOST_INDEX)),
    ),
    server_s=0.25,
    duration_s=2.0,
)
PASSED = Report(
    SERVER,
    Chain((ADD_BOOK,), ("0001",), ("0001",)),
    frozenset({"0001"}),
    (CheckResult("graph", Status.PASSED, 0.5),),
    0.25,
    2.0,
)


@pytest.mark.parametrize(
    ("check", "revision", "cell"),
    [
        ("roundtrip", ADD_BOOK, Cell.BROKEN),
        ("roundtrip", ADD_PRICE, Cell.UNTRIED),
        ("roundtrip", None, Cell.UNTRIED),
        ("graph", ADD_PRICE, Cell.HOLDS),
        ("drift", ADD_BOOK, Cell.UNTRIED),
        ("structure", None, Cell.BROKEN),
    ],
)
def test_a_cell_says_what_a_claim_came_to_at_a_revision(check: str, revision: Revision | None, cell: Cell) -> None:
    result = next(item for item in FAILED.results if item.name == check)

    assert FAILED.cell(result, revision)[0] is cell


def test_a_note_of_several_lines_is_indented_so_that_the_next_is_seen() -> None:
    notes = (Note("graph", None, "type:\na\nb"), Note("graph", None, "c"))
    results = (CheckResult("graph", Status.PASSED, 0.0, notes=notes),)
    text = render_text(Report(SERVER, PASSED.chain, PASSED.reached, results, 0.0, 0.0))

    assert "type:\n    a\n    b\nnote: graph [whole chain] c" in text


def test_a_note_that_two_checks_share_is_told_once() -> None:
    note = Note("graph", None, "the same")
    results = tuple(CheckResult(name, Status.PASSED, 0.0, notes=(note,)) for name in ("a", "b"))
    report = Report(SERVER, PASSED.chain, PASSED.reached, results, 0.0, 0.0)

    assert report.notes == (note,)


def test_the_seconds_of_an_experiment_are_counted_once() -> None:
    empty = Snapshot({}, 180000)
    record = ChainRecord(
        Chain((), (), ()),
        "public.alembic_version",
        (),
        empty,
        models=ModelsRecord(empty, (), ()),
        structure=StructureRecord("structure.sql", "", "", empty),
        durations_s={"upgrade": 100.0, "models": 200.0, "structure": 300.0},
    )

    results = judge(record, wanted_checks(("upgrade", "drift", "enums", "structure"), ()), Rules())

    assert {result.name: int(result.duration_s) for result in results} == {
        "upgrade": 100,
        "drift": 200,
        "structure": 300,
        "enums": 0,
        "declarations": 0,
    }


@pytest.mark.parametrize("document", ["README.md", "harness/README.md"])
def test_the_tables_of_checks_name_all_checks_in_order(document: str) -> None:
    text = (Path(__file__).parents[2] / document).read_text(encoding="utf-8")

    table = re.search(r"^\| \w+ \| [\w ]+ \|\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)  # the first one
    assert table is not None
    assert re.findall(r"^\| `(\w+)` \|", table[1], re.MULTILINE) == [claim.name for claim in CLAIMS]


def test_the_text_is_findings_then_the_grid_then_remarks_then_one_sentence() -> None:
    text = render_text(FAILED)
    lines = text.splitlines()
    grid = lines.index("┏━━━━━━━━━━━━━━━┳━━━━━━━┳━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━┓")

    assert lines[grid : grid + 10] == [
        "┏━━━━━━━━━━━━━━━┳━━━━━━━┳━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━┓",
        "┃revision       ┃ graph ┃ drift ┃ structure ┃ roundtrip┃",
        "┡━━━━━━━━━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━┩",
        "│0001_add_book  │   ✓   │   –   │     ✓     │    ✗ 2   │",
        "│0002_add_price │   ✓   │   –   │     –     │     –    │",
        "│whole chain    │   ✓   │   –   │     ✗     │     –    │",
        "├───────────────┼───────┼───────┼───────────┼──────────┤",
        "│seconds        │ 0.50  │   –   │   0.25    │   1.00   │",
        "└───────────────┴───────┴───────┴───────────┴──────────┘",
        "server: embedded PostgreSQL 18.6 from a test (asked for)",
    ]
    assert text.index("roundtrip [0001_add_book] type public.cover") < text.index("┏━")
    assert "drift was skipped: no models are named" in lines
    assert "note: graph [0001_add_book] it is [odd]" in lines
    assert lines[-1] == "FAILED: 3 findings in 2 revisions, 3 checks, 2.0 s (server ready after 0.2 s)"


def test_quietly_only_findings_and_the_verdict_are_told() -> None:
    lines = render_text(FAILED, Detail.QUIET).splitlines()

    assert lines[0] == "structure [whole chain] structure file [x].sql"
    assert lines[-2:] == ["", "FAILED: 3 findings in 2 revisions, 3 checks, 2.0 s (server ready after 0.2 s)"]
    assert not any(line.startswith(("┏", "server:", "note:", "drift was")) for line in lines)


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (200, "│2026_03_01_ab12cd34_add_the_price_of_a_book │   ✓   │    ✗ 2   │"),
        (50, "│2026_03_01_ab12cd34_add_the… │   ✓   │    ✗ 2   │"),
        (31, "│2026_03_01_a…│  ✓  │   ✗ 2   │"),
        (28, "2026_03_01_ab…  ✗ roundtrip"),
    ],
)
def test_the_grid_fits_the_width_that_there_is(width: int, row: str) -> None:
    revision = Revision("ab12cd34", "2026_03_01_ab12cd34_add_the_price_of_a_book", "x.py", ())
    found = tuple(Finding("roundtrip", "ab12cd34", f"table {name}", "It stays.", "drop it") for name in "ab")
    report = Report(
        SERVER,
        Chain((revision,), ("ab12cd34",), ("ab12cd34",)),
        frozenset({"ab12cd34"}),
        (CheckResult("graph", Status.PASSED, 0.5), CheckResult("roundtrip", Status.FAILED, 1.0, found)),
        0.0,
        0.0,
    )

    lines = render_text(report, width=width).splitlines()

    assert row in lines
    assert all(len(line) <= width for line in lines if line.startswith(("┏", "┃", "│", "whole", "2026")))


def test_the_list_repeats_for_no_revision_which_checks_were_skipped() -> None:
    crash = CheckResult("crash", Status.PASSED, 0.0, tried=frozenset({"0001"}))
    report = replace(FAILED, reached=frozenset({"0001", "0002"}), results=(*FAILED.results, crash))

    lines = [line for line in render_text(report, width=40).splitlines() if line.startswith(("0001", "0002"))]

    assert lines == ["0001_add_book   ✗ roundtrip 2", "0002_add_price  ✓  – crash"]


def test_of_many_revisions_only_those_with_a_finding_have_a_row() -> None:
    revisions = tuple(Revision(str(number), f"{number:04}_x", "x.py", ()) for number in range(40))
    results = (CheckResult("graph", Status.FAILED, 0.0, (Finding("graph", "7", "revision 7", "Odd.", "mend it"),)),)
    report = Report(SERVER, Chain(revisions, ("39",), ("0",)), frozenset(map(str, range(40))), results, 0.0, 0.0)

    shortened, whole = render_text(report), render_text(report, Detail.WHOLE)

    assert [line for line in shortened.splitlines() if "│" in line] == [
        "│0007_x      │   ✗  │",
        "│39 others   │   ✓  │",
        "│whole chain │   ✓  │",
        "│seconds     │ 0.00 │",
    ]
    assert whole.count("_x ") == 40


def report_of_two(*found: Finding) -> Report:
    """Return a report of two revisions, in which one check found so much."""
    revisions = (*PASSED.chain.revisions[:1], Revision("0002", "0002_add_price", "y.py", ("0001",)))
    results = (CheckResult(found[0].check, Status.FAILED, 0.0, found),)
    return Report(SERVER, Chain(revisions, ("0002",), ("0001",)), frozenset({"0001", "0002"}), results, 0.0, 0.0)


def alike(number: int) -> Report:
    """Return a report with so many findings of one cause, and one of another."""
    found = (
        *(Finding("drift", "0001", f"index public.ix_{at}", "It is missing.", f"add {at}") for at in range(number)),
        Finding("drift", "0001", "table public.x", "It is missing.", "add x"),
    )
    results = (CheckResult("drift", Status.FAILED, 0.0, found),)
    return Report(SERVER, PASSED.chain, PASSED.reached, results, 0.0, 0.0)


def test_findings_of_one_cause_are_told_as_one_with_a_list() -> None:
    text = render_text(alike(7))

    assert (
        """\
drift [0001_add_book] 7 × index
  It is missing.
    public.ix_0
      fix: add 0
"""
        in text
    )
    assert "      fix: add 4\n    … 2 more (--verbose shows them)\n" in text
    assert "      fix: add 6\n" in render_text(alike(7), Detail.WHOLE)
    assert "FAILED: 8 findings of 2 causes in 1 revision" in text


def test_findings_that_name_a_cause_are_told_as_one_whatever_their_messages_and_objects_are() -> None:
    found = tuple(
        Finding(
            "locks", "0001", f"{kind} public.t{at}", f"It builds ix_{at}.", f"mend {at}", cause="It builds indexes."
        )
        for at, kind in enumerate(("table", "table", "materialized view"))
    )
    results = (CheckResult("locks", Status.FAILED, 0.0, found),)
    text = render_text(Report(SERVER, PASSED.chain, PASSED.reached, results, 0.0, 0.0))

    assert "locks [0001_add_book] 3 × table\n  It builds indexes.\n    public.t0\n      fix: mend 0\n" in text
    assert "FAILED: 3 findings of 1 cause in 1 revision" in text


OF_TWO_REVISIONS = report_of_two(
    Finding("locks", "0001", "table public.a", "It waits for a.", "mend a", cause="It waits."),
    Finding("locks", "0001", "table public.b", "It waits for b.", "mend b", cause="It waits."),
    Finding("locks", "0002", "table public.a", "It waits for a again.", "mend a again", cause="It waits."),
    Finding("locks", "0002", "table public.c", "It runs.", "mend c", cause="It runs."),
)


def test_findings_of_one_cause_at_several_revisions_are_told_as_one_each_with_its_revision() -> None:
    text = render_text(OF_TWO_REVISIONS)

    assert "locks [2 revisions] 3 × table\n  It waits.\n    public.a [0001_add_book]\n      fix: mend a\n" in text
    assert "    public.a [0002_add_price]\n      fix: mend a again\n" in text
    assert "locks [0002_add_price] table public.c\n" in text
    assert "FAILED: 4 findings of 2 causes in 2 revisions" in text


def test_what_is_said_of_a_step_is_one_cause_without_naming_the_revision_twice() -> None:
    found = (
        Finding("roundtrip", one, f"downgrade of {label}", "It changes nothing.", f"undo {one}")
        for one, label in (("0001", "0001_add_book"), ("0002", "0002_add_price"), (None, "0003_gone"))
    )
    text = render_text(report_of_two(*found))

    assert "roundtrip [2 revisions and whole chain] 3 × downgrade\n  It changes nothing.\n    0001_add_book\n" in text


def test_what_is_said_of_one_subject_with_one_fix_is_listed_by_its_evidence_alone() -> None:
    found = (
        Finding("drift", None, "the models", "It is refused.", "correct the models", f"CREATE INDEX {at}\nSQLSTATE 1")
        for at in range(7)
    )

    text = render_text(report_of_two(*found))

    assert (
        "drift [whole chain] 7 × the models\n  It is refused.\n  fix: correct the models\n    CREATE INDEX 0\n    SQLSTATE 1\n"
        in text
    )
    assert "    CREATE INDEX 4\n    SQLSTATE 1\n    … 2 more (--verbose shows them)\n" in text


def test_two_findings_alike_are_told_one_by_one() -> None:
    text = render_text(alike(2))

    assert "drift [0001_add_book] index public.ix_1\n  It is missing.\n  fix: add 1\n" in text
    assert "FAILED: 3 findings in 1 revision" in text


def test_a_fix_of_several_lines_is_a_block_that_can_be_copied() -> None:
    finding = Finding("drift", None, "table x", "It is missing.", "op.create_table(\n    'x',\n)")

    assert finding_in_text(finding).endswith("  fix:\n    op.create_table(\n        'x',\n    )")


def test_control_characters_of_a_database_do_not_reach_the_terminal() -> None:
    finding = Finding("drift", None, "table \x1b[2J", "\x07It is\tmissing.", "drop \x9b", "\x00")

    assert finding_in_text(finding) == "table \\x1b[2J\n  \\x07It is\tmissing.\n  fix: drop \\x9b\n    \\x00"


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "✓ ✗ ä €"), ("cp1252", "+ x ä €"), ("ascii", "+ x ? ?")])
def test_what_an_encoding_lacks_is_told_by_other_signs(encoding: str, expected: str) -> None:
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding=encoding, write_through=True) as stream:
        use_plain_signs(stream)
        stream.write("✓ ✗ ä €")
        told = written.getvalue()

    assert told.decode(encoding) == expected


def test_a_finding_in_the_text_has_what_was_seen_the_mend_and_the_evidence_in_that_order() -> None:
    expected = """\
roundtrip [0001_add_book] type public.cover
  downgrade() does not restore <it>.
  fix: op.execute("DROP `TYPE`")
    - a
    + b
      c
"""

    assert expected in render_text(FAILED)


def test_a_passing_run_says_so_in_one_sentence() -> None:
    assert render_text(PASSED).endswith("OK: no findings in 1 revision, 1 check, 2.0 s (server ready after 0.2 s)\n")


def test_long_evidence_is_cut_in_the_text_and_whole_in_the_json() -> None:
    assert f"… {60 - EVIDENCE_LINES} more lines (--verbose shows them)" in render_text(FAILED)
    assert render_text(FAILED, Detail.WHOLE).count("    x\n") == 60
    assert json.loads(render_json(FAILED))["findings"][0]["evidence"].count("x") == 60


def test_a_terminal_gets_the_same_words_as_the_text() -> None:
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        print_report(console, FAILED)
    told = captured.get()

    for line in render_text(FAILED).splitlines():
        assert line.strip() in told


def test_every_format_has_what_renders_it() -> None:
    from pgharness.cli.formats import ReportFormat

    assert set(FORMATS) == {item.value for item in ReportFormat}


TODAY = CheckResult("drift", Status.PASSED, 0.0, of_today=True)


def test_what_since_leaves_out_is_neither_counted_nor_shown_as_sound() -> None:
    results = (CheckResult("graph", Status.PASSED, 0.0), TODAY)
    report = replace(PASSED, chain=FAILED.chain, reached=FAILED.reached | {"0002"}, results=results, since="0001")
    graph, drift = results

    assert summary(report).startswith("OK: no findings in 1 of 2 revisions (after 0001_add_book), 2 checks")
    assert [report.cell(graph, row)[0] for row in report.rows] == [Cell.UNTRIED, Cell.HOLDS, Cell.HOLDS]
    assert [report.cell(drift, row)[0] for row in report.rows] == [Cell.HOLDS, Cell.HOLDS, Cell.HOLDS]
    assert json.loads(render_json(report))["since"] == "0001"


@pytest.mark.parametrize(
    ("results", "judged"),
    [((TODAY,), "; judged was what models and files say of the heads: drift"), ((PASSED.results[0],), "")],
    ids=["models of today", "nothing"],
)
def test_where_no_revision_is_newer_than_since_that_is_the_verdict(
    results: tuple[CheckResult, ...], judged: str
) -> None:
    report = replace(PASSED, results=results, since="0001")
    *_, told, verdict = render_text(report).splitlines()

    assert verdict.startswith("NO REVISION JUDGED: no findings, in 0 of 1 revision (none comes after 0001_add_book), ")
    assert told == f"NO REVISION JUDGED: none comes after 0001_add_book, which is taken for deployed{judged}"
    for render in (FORMATS["html"], FORMATS["markdown"], FORMATS["github"]):
        assert "NO REVISION JUDGED" in render(report)
        assert "OK: no findings" not in render(report)
