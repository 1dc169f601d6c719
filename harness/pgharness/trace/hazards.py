"""What is dangerous to a running service, as data: how the trace shows it, whom it keeps waiting, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pgharness.catalog.facts import Snapshot
from pgharness.trace.fixes.index_builds import fix_index_build
from pgharness.trace.fixes.other_work import fix_held_over, fix_scan
from pgharness.trace.fixes.rewrites import fix_move, fix_rewrite
from pgharness.trace.fixes.verifications import fix_foreign_key, fix_verification
from pgharness.trace.occurrences import Occurrence

_APART = "-- with transaction_per_migration=True in env.py"
_VALIDATES = re.compile(r"\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE)

Fix = Callable[[Occurrence, Snapshot], str]
"""Of an occurrence, and the catalog that the step met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One kind of danger: `shows` is how the trace tells it, `fix` what to type, `bad` and `good` a migration with it and without."""

    id: str
    title: str
    shows: str
    blocks: str
    fix: Fix | None = None
    """None where nothing has to be done: it is worth knowing, and no finding."""
    bad: str
    good: str
    code: str = ""
    """That of its findings, where it is one."""


def hazard_of(one: Occurrence) -> Hazard:
    """Return which hazard it is."""
    if one.work.doing in {"reads", "writes"} and not one.is_held_over:
        return SCAN
    if one.work.doing in {"reads", "writes"} or _VALIDATES.search(one.statement.statement.sql):
        return HELD_OVER
    return {
        "builds": INDEX_BUILD,
        "rewrites": REWRITE,
        "moves": MOVE,
        "verifies": VERIFICATION,
        "validates": FOREIGN_KEY,
    }[one.work.doing]


INDEX_BUILD = Hazard(
    id="index-build",
    code="PGH-W001",
    title="An index is built under a lock",
    shows='DEBUG1 `building index "…" on table "…"` of a table that stood before, while SHARE or more is held on it',
    blocks="writes to the table until the transaction ends; with ALTER TABLE also reads",
    fix=fix_index_build,
    bad="CREATE INDEX parcel_code ON parcel (code)",
    good="DROP INDEX CONCURRENTLY IF EXISTS parcel_code; CREATE INDEX CONCURRENTLY parcel_code ON parcel (code)  -- in an autocommit block",
)
REWRITE = Hazard(
    id="rewrite",
    code="PGH-W002",
    title="A table is written anew",
    shows='DEBUG1 `rewriting table "…"`, or a new file (pg_class.relfilenode) of a table whose rows were read',
    blocks="reads and writes until the transaction ends",
    fix=fix_rewrite,
    bad="ALTER TABLE parcel ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    good="ALTER TABLE parcel ADD COLUMN u uuid; ALTER TABLE parcel ALTER COLUMN u SET DEFAULT gen_random_uuid()",
)
MOVE = Hazard(
    id="move",
    code="PGH-W003",
    title="A table's files are copied",
    shows="another tablespace in pg_class",
    blocks="reads and writes until the transaction ends",
    fix=fix_move,
    bad="ALTER TABLE leg SET TABLESPACE other",
    good="-- in no revision: an operator moves the table when nobody needs it",
)
VERIFICATION = Hazard(
    id="verification",
    code="PGH-W004",
    title="All rows are looked through for a constraint",
    shows='DEBUG1 `verifying table "…"` while a lock is held that blocks',
    blocks="reads and writes until the transaction ends",
    fix=fix_verification,
    bad="ALTER TABLE parcel ALTER COLUMN note SET NOT NULL",
    good=f"the same, once a CHECK (note IS NOT NULL) proves it, which an earlier revision has validated  {_APART}",
)
FOREIGN_KEY = Hazard(
    id="foreign-key",
    code="PGH-W005",
    title="A foreign key is validated under a lock",
    shows='DEBUG1 `validating foreign key constraint "…"` while SHARE ROW EXCLUSIVE is held on the two tables',
    blocks="writes to both tables until the transaction ends",
    fix=fix_foreign_key,
    bad="ALTER TABLE parcel ADD FOREIGN KEY (ref) REFERENCES depot",
    good=f"the same with NOT VALID; and VALIDATE CONSTRAINT in the next revision  {_APART}",
)
HELD_OVER = Hazard(
    id="held-over-work",
    code="PGH-W006",
    title="A lock is held over work",
    shows="a lock of an earlier statement of the transaction, while rows are read and written or a constraint is validated",
    blocks="what the earlier lock blocks, for as long as the later statement takes",
    fix=fix_held_over,
    bad="ALTER TABLE parcel ADD COLUMN a1 int; UPDATE parcel SET a1 = qty",
    good=f"ALTER TABLE parcel ADD COLUMN a1 int, and the UPDATE in a revision of its own  {_APART}",
)
SCAN = Hazard(
    id="scan",
    code="PGH-W007",
    title="Rows are read under the statement's own lock",
    shows="rows that the transaction's counters have read meanwhile, where no message speaks of it",
    blocks="what the lock blocks, until the transaction ends",
    fix=fix_scan,
    bad="CREATE TABLE scan_2026 PARTITION OF scan FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')  -- with a DEFAULT partition",
    good="the same, once a CHECK of the DEFAULT partition excludes these rows",
)

NO_LIMIT = Hazard(
    id="no-lock-timeout",
    code="PGH-W008",
    title="A lock is taken before a limit is set",
    shows="lock_timeout is 0 at a statement that takes a lock that blocks, and another one in the same step, or env.py, sets it",
    blocks="all who come later, while the statement waits behind the longest transaction",
    bad="ALTER TABLE parcel ADD COLUMN b1 int; SET LOCAL lock_timeout = '1s'; ALTER TABLE depot ADD COLUMN b1 int",
    good="SET LOCAL lock_timeout = '1s'; ALTER TABLE parcel ADD COLUMN b1 int; ALTER TABLE depot ADD COLUMN b1 int",
)

HELD_BY_EARLIER = Hazard(
    id="held-by-earlier",
    code="PGH-W010",
    title="A lock of an earlier revision is held over work",
    shows="a lock of an earlier revision, as env.py deploys both in one transaction, while rows are read and written or a constraint is validated",
    blocks="what the earlier lock blocks, for as long as the later revision takes",
    bad="ALTER TABLE parcel ADD COLUMN a1 int, and in the next revision UPDATE parcel SET a1 = qty",
    good=f"the same  {_APART}",
)

FINDINGS = (INDEX_BUILD, REWRITE, MOVE, VERIFICATION, FOREIGN_KEY, HELD_OVER, SCAN, NO_LIMIT, HELD_BY_EARLIER)
"""The dangers that `locks` finds."""

REVERSIBLE = (INDEX_BUILD,)
"""The dangers that a downgrade can do without and still bring back what was there.

What mends the others, a constraint that is NOT VALID at first or a column beside the old one, takes several revisions in turn, of which a
downgrade is but one, and leaves another catalog than the one to be restored.
"""

BRIEF_LOCK = Hazard(
    id="brief-lock",
    title="A lock that blocks, without work under it",
    shows="a lock on a relation that stood before, and no work",
    blocks="what the lock blocks, for an instant: whoever is served at that moment, and whoever the statement itself has to wait for",
    bad="ALTER TABLE scan DETACH PARTITION scan_2025",
    good="ALTER TABLE scan DETACH PARTITION scan_2025 CONCURRENTLY  -- in an autocommit block, without a DEFAULT partition",
)
OTHER_RELATION = Hazard(
    id="other-relation",
    title="A relation is locked that the statement does not name",
    shows="a lock that blocks on a table whose name is not in the statement",
    blocks="what the lock blocks, on a table of which nobody thinks",
    bad="DROP TABLE leg  -- which refers to parcel",
    good="DROP TABLE stage",
)
SCANS_TWICE = Hazard(
    id="scans-twice",
    title="One table is looked through several times in one transaction",
    shows="several statements of one transaction that verify, validate or rewrite the same table",
    blocks="reads and writes, several times as long",
    bad="ALTER TABLE parcel ALTER note SET NOT NULL; ALTER TABLE parcel ADD CHECK (qty < 1000)",
    good="ALTER TABLE parcel ALTER note SET NOT NULL, ADD CHECK (qty < 1000)",
)
ROWS_WRITTEN = Hazard(
    id="rows-written",
    title="All rows of a table are written in one transaction",
    shows="as many rows written as were read from end to end",
    blocks="whoever writes to one of these rows, until the transaction ends",
    bad="UPDATE parcel SET note = 'q'",
    good="UPDATE parcel SET note = 'q' WHERE id BETWEEN 1 AND 1000  -- in pieces, each committed",
)
ROW_TRIGGERS = Hazard(
    id="row-triggers",
    title="Rows are written that fire triggers",
    shows="rows written to a table with a trigger FOR EACH ROW",
    blocks="as rows-written, and for as long as the trigger takes for each",
    bad="UPDATE parcel SET qty = qty + 1  -- with a trigger on it",
    good="UPDATE depot SET region = 'x'  -- with none",
)
ROWS_READ = Hazard(
    id="rows-read",
    title="All rows of a table are read",
    shows="rows read from end to end, without a lock that blocks",
    blocks="nobody; but what it is done for takes as long, and an old snapshot keeps dead rows",
    bad="CREATE TABLE copy_p AS SELECT * FROM parcel",
    good="CREATE TABLE copy_p (LIKE parcel)",
)
KEPT = Hazard(
    id="kept",
    title="IF NOT EXISTS has kept what was there",
    shows="NOTICE `… already exists, skipping`",
    blocks="nobody; but what is kept may be another thing, or an invalid index",
    bad="CREATE TABLE IF NOT EXISTS depot (id int, colour text)",
    good="CREATE TABLE colour (id int, colour text)",
)
PASSED_OVER = Hazard(
    id="passed-over",
    title="IF EXISTS has met nothing",
    shows="NOTICE `… does not exist, skipping`",
    blocks="nobody; but a name that is misspelt is passed over for ever",
    bad="DROP TABLE IF EXISTS parcell",
    good="DROP TABLE parcel",
)
NO_EFFECT = Hazard(
    id="no-effect",
    title="SET LOCAL outside of a transaction",
    shows="WARNING `SET LOCAL can only be used in transaction blocks`",
    blocks="as no-lock-timeout, where it was to be the limit: nothing was set",
    bad="SET LOCAL lock_timeout = '1s'  -- in an autocommit block",
    good="SET lock_timeout = '1s'  -- there, and RESET lock_timeout behind what it is for",
)
LOCKS_IN_TURN = Hazard(
    id="locks-in-turn",
    title="Several tables are locked one after the other",
    shows="a lock that blocks on a table, taken while that of an earlier statement on another table is held",
    blocks="all of them until the transaction ends; who takes them in another order meets a deadlock (SQLSTATE 40P01)",
    bad="ALTER TABLE leg ADD COLUMN z int; ALTER TABLE parcel ADD COLUMN z int",
    good=f"each in a revision of its own  {_APART}",
)
NAME_CUT = Hazard(
    id="name-cut",
    title="A name is longer than 63 bytes and was cut",
    shows="NOTICE `identifier … will be truncated`",
    blocks="nobody; but nobody finds it by its name, and two names may become one",
    bad="CREATE TABLE a_table_name_that_goes_on_and_on_until_it_is_far_too_long_for_the_server (id int)",
    good="CREATE TABLE short_name (id int)",
)
SETTING_LEFT = Hazard(
    id="setting-left",
    title="A setting is left for the revisions that come later",
    shows="pg_settings with source `session` when the step has ended",
    blocks="nobody; but later revisions run with it, or without, as they are deployed together or apart",
    bad="SET search_path = ''",
    good="SET LOCAL search_path = ''",
)

WORTH_KNOWING = (
    BRIEF_LOCK,
    OTHER_RELATION,
    SCANS_TWICE,
    ROWS_WRITTEN,
    ROW_TRIGGERS,
    ROWS_READ,
    LOCKS_IN_TURN,
    KEPT,
    PASSED_OVER,
    NAME_CUT,
    NO_EFFECT,
    SETTING_LEFT,
)
"""What `pgharness trace` tells besides."""

HAZARDS = (*FINDINGS, *WORTH_KNOWING)
