"""Reports made by hand, and one of a chain that was walked."""

from __future__ import annotations

from collections.abc import Iterable

from pgharness.findings import CheckResult, Finding, Harm, Note, Status
from pgharness.records.revisions import Chain, Revision
from pgharness.report.model import Report, ServerFacts
from tests.harness import chains

SERVER = ServerFacts("embedded", "18.6", "embedded PostgreSQL 18.6 from a test", "asked for")
ADD_BOOK = Revision("0001", "0001_add_book", "versions/0001_add_book.py", ())
ADD_PRICE = Revision("0002", "0002_add_price", "versions/0002_add_price.py", ("0001",))

LOST_TYPE = Finding(
    "roundtrip", "0001", "type public.cover", "downgrade() does not restore <it>.", "DROP `TYPE`", "- a\n+ b\n\n  c"
)
FIX = 'with op.get_context().autocommit_block(): op.execute("DROP INDEX CONCURRENTLY IF EXISTS i"), and then op.execute(\'SELECT ")"\'); or later'
WAITS = Finding("locks", "0002", "table public.book", "`ALTER` waits.", FIX, line=7, code="PGH-W002")
STALE = Finding("structure", None, "structure file", "Out of date.", "write it", "x\n" * 60)


def report_of(*results: CheckResult, revisions: Iterable[Revision] = (ADD_BOOK, ADD_PRICE)) -> Report:
    """Return a report whose revisions were all reached."""
    chain = Chain(tuple(revisions), ("0002",), ("0001",))
    return Report(SERVER, chain, frozenset(item.revision for item in chain.revisions), results, 0.25, 2.0)


PASSED = report_of(CheckResult("graph", Status.PASSED, 0.5, claim="one head & one base", why="Two stop an upgrade."))
FAILED = report_of(
    CheckResult(
        "graph", Status.PASSED, 0.5, notes=(Note("graph", "0001", "it is [odd]"),), claim="one head & one base"
    ),
    CheckResult("drift", Status.SKIPPED, 0.0, reason="no models are named", is_missed=True),
    CheckResult("structure", Status.FAILED, 0.25, (STALE,)),
    CheckResult("roundtrip", Status.FAILED, 1.0, (LOST_TYPE,)),
    CheckResult("locks", Status.FAILED, 1.0, (WAITS,), harm=Harm.SERVICE),
)

SCRIPT = "<script>alert('&')</script>"
HOSTILE = report_of(
    CheckResult(
        f"c{SCRIPT}",
        Status.FAILED,
        0.0,
        (
            Finding(f"c{SCRIPT}", f"r{SCRIPT}", f"table {SCRIPT}|`\n", f"`{SCRIPT}` {SCRIPT} @root #1", SCRIPT, SCRIPT),
            Finding(
                f"c{SCRIPT}",
                None,
                f"*{SCRIPT}*",
                f"\x00\x1b {SCRIPT}",
                f"</pre>{SCRIPT}",
                f"``` </details>\n\n{SCRIPT}",
            ),
        ),
        notes=(Note("graph", f"r{SCRIPT}", SCRIPT),),
        claim=SCRIPT,
        why=SCRIPT,
    ),
    CheckResult("graph", Status.SKIPPED, 0.0, reason=SCRIPT, is_missed=True),
    revisions=(
        Revision(f"r{SCRIPT}", f"l{SCRIPT}|", f"versions/{SCRIPT}.py", (), allow={SCRIPT: SCRIPT}, irreversible=SCRIPT),
    ),
)

WALKED = (
    chains.Revision(
        "r1",
        chains.sql(
            'CREATE TABLE "<script>" (id bigint PRIMARY KEY, "a&b" text)',
            'CREATE TABLE child (id bigint PRIMARY KEY, parent bigint REFERENCES "<script>")',
        ),
        chains.sql("DROP TABLE child", 'DROP TABLE "<script>"'),
    ),
    chains.Revision(
        "r2<script>",
        chains.sql(
            "CREATE TYPE mood AS ENUM ('<b>')",
            'ALTER TABLE "<script>" ADD COLUMN "x<y" int',
            'UPDATE "<script>" SET "x<y" = 1',
            'CREATE INDEX "i<script>" ON "<script>" ("x<y")',
        ),
        chains.sql('DROP INDEX "i<script>"', 'ALTER TABLE "<script>" DROP COLUMN "x<y"', "DROP TYPE mood"),
    ),
    chains.Revision("r3", "pass", "pass"),
)
"""A chain with names that are markup: its second revision works on rows under ACCESS EXCLUSIVE, its third changes nothing."""

OF_ONE_CAUSE = report_of(
    CheckResult(
        "locks",
        Status.FAILED,
        0.0,
        tuple(
            Finding(
                "locks", "0002", f"table t{at}", f"It waits for t{at}.", f"mend t{at}", cause="It waits for tables."
            )
            for at in range(3)
        ),
    )
)
