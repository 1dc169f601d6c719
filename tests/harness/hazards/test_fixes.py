"""What is told to be written instead of a dangerous statement is free of danger when it is typed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.agent import Agent
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.chain.project import open_project
from pgharness.databases import Databases
from pgharness.records.statements import Statement
from pgharness.records.trace import Doing, HeldLock, TracedStatement, Work
from pgharness.report.typed import ANOTHER_REVISION, typed
from pgharness.settings import load_settings
from pgharness.trace.fixes.another_column import fix_key
from pgharness.trace.fixes.other_work import fix_held_over
from pgharness.trace.hazards import FINDINGS, hazard_of
from pgharness.trace.meeting import hazards_in
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.watch import TraceWatch
from tests.harness.chains import Revision, sql, write_chain
from tests.harness.hazards.base import HAS_ROLES, SCHEMA
from tests.harness.hazards.test_catalogue import VERSION_TABLE_ELSEWHERE

RESET = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
BLOCK = "with op.get_context().autocommit_block():"
FOUND = {hazard.id for hazard in FINDINGS}
NOTHING = Snapshot({}, 180000)


@dataclass(frozen=True)
class Dangerous:
    """A statement, and the work for which it is found: on `relation`, by an index or constraint of this name."""

    sql: str
    doing: Doing
    name: str = ""
    relation: str = "public.parcel"
    is_held_over: bool = False
    """Whether the lock is an earlier statement's."""
    partitions: tuple[tuple[str, str], ...] = ()
    """Where `relation` is partitioned, its partitions with the name of the index of each."""

    def fix(self, catalog: Snapshot = NOTHING) -> str:
        """Return what is told to be written instead, where this is the catalog that the statement meets."""
        if self.sql == WIDER:
            return fix_key(self.relation, "id")
        statement = Statement(self.sql, file="revision.py", line=1)
        held = HeldLock(self.relation, "partitioned table" if self.partitions else "table", "ACCESS EXCLUSIVE", 0)
        parts = self.partitions or ((self.relation, self.name),)
        works = tuple(Work(self.doing, relation, name, 20) for relation, name in parts)
        one = Occurrence(int(self.is_held_over), TracedStatement(statement, 0, (held,), works), held, works)
        fix = hazard_of(one).fix
        assert fix is not None
        return fix(one, catalog)


Typed = tuple[list[str], list[tuple[str, object]]]
"""Revisions as they were typed in, and of each its hazards and how it failed."""
# What dangerous statements stand upon beside the schema.
ALSO = (
    "ALTER TABLE parcel ADD COLUMN kind text NOT NULL DEFAULT 'small'",
    "CREATE INDEX parcel_kind ON parcel (lower(kind)) WHERE kind <> 'x'",
    "CREATE INDEX scan_at ON scan (at)",
    "CREATE UNIQUE INDEX stage_id ON stage (id)",
)


def partitions(ending: str) -> tuple[tuple[str, str], ...]:
    """Return the partitions of public.scan with an index of each."""
    return tuple((f"public.{name}", f"{name}_{ending}") for name in ("scan_2025", "scan_def"))


WIDER = "a key that is near its end"
ATTACH = "alter table scan attach partition scan_2027 for values from ('2027-01-01') to ('2028-01-01')"
DANGEROUS = (
    Dangerous("create index pc on parcel(code)", "builds", "pc"),
    Dangerous("CREATE UNIQUE INDEX IF NOT EXISTS pc ON public.parcel (code);", "builds", "pc"),
    Dangerous("ALTER TABLE parcel ADD z int; CREATE INDEX pc ON parcel (code); SELECT 1", "builds", "pc"),
    Dangerous('create index "Pc" on parcel(code)', "builds", "Pc"),
    Dangerous("create unique index on parcel(code, label)", "builds", "parcel_code_label_idx"),
    Dangerous("do $$begin execute 'create index pc on parcel(code)'; end$$", "builds", "pc"),
    Dangerous("do $$begin perform 1; create index pc on parcel(lower(code)) where code > 'c'; end$$", "builds", "pc"),
    Dangerous("do $$begin execute 'create index pc on parcel(code) where code > ''c'''; end$$", "builds", "pc"),
    Dangerous(
        "create index scan_what on scan(what)", "builds", relation="public.scan", partitions=partitions("what_idx")
    ),
    Dangerous(
        "CREATE UNIQUE INDEX ON public.scan (at, id)",
        "builds",
        relation="public.scan",
        partitions=partitions("at_id_idx"),
    ),
    Dangerous(
        "alter table scan add unique (at, id)", "builds", relation="public.scan", partitions=partitions("at_id_key")
    ),
    Dangerous("reindex index parcel_label_ix", "builds", "parcel_label_ix"),
    Dangerous("alter table parcel add constraint pu unique (code)", "builds", "pu"),
    Dangerous("alter table parcel add unique nulls not distinct (code, label)", "builds", "parcel_code_label_key"),
    Dangerous("alter table parcel add column slug text unique", "builds", "parcel_slug_key"),
    Dangerous("refresh materialized view totals", "rewrites", relation="public.totals"),
    Dangerous("ALTER TABLE parcel ADD COLUMN u uuid DEFAULT gen_random_uuid() NOT NULL", "rewrites"),
    Dangerous("alter table leg add column n bigserial", "rewrites", relation="public.leg"),
    Dangerous("alter table leg add n int generated by default as identity", "rewrites", relation="public.leg"),
    Dangerous("alter table parcel alter qty set not null", "verifies"),
    Dangerous("alter table parcel add constraint a check (qty > 0), add constraint b check (qty < 99);", "verifies"),
    Dangerous("alter table parcel add column w int default 1 not null check (w in (1, 2))", "verifies"),
    Dangerous(
        "alter table parcel add foreign key (ref) references depot on delete cascade", "validates", "parcel_ref_fkey"
    ),
    Dangerous("-- why\nalter table parcel add d2 bigint default 1 references depot(id)", "validates", "parcel_d2_fkey"),
    Dangerous("alter table parcel alter column note type varchar(30)", "rewrites"),
    Dangerous("ALTER TABLE parcel ALTER weight SET DATA TYPE int USING (parcel.weight * 100)::int", "rewrites"),
    Dangerous("alter table parcel alter kind type varchar(20)", "rewrites"),
    Dangerous("alter table parcel alter label type varchar(20)", "rewrites"),
    Dangerous("alter table parcel add column l2 text generated always as (upper(label)) stored", "rewrites"),
    Dangerous("alter table parcel add column p posint default 3", "rewrites"),
    Dangerous("alter table parcel alter kind type varchar", "builds", "parcel_kind"),
    Dangerous(
        "UPDATE parcel SET note = 'where ' || (SELECT 'a') WHERE qty > 3 OR code IS NULL", "writes", is_held_over=True
    ),
    Dangerous("delete from parcel where note = ';'", "writes", is_held_over=True),
    Dangerous("update parcel set code = md5(code)", "writes", is_held_over=True),
    Dangerous("cluster leg using leg_pkey", "rewrites", relation="public.leg"),
    Dangerous("vacuum full leg", "rewrites", relation="public.leg"),
    Dangerous(ATTACH, "builds", "scan_2027_at_idx", relation="public.scan_2027"),
    Dangerous(ATTACH, "verifies", relation="public.scan_2027"),
    Dangerous(
        "create table scan_2026 partition of scan for values from ('2026-01-01') to ('2027-01-01')",
        "reads",
        relation="public.scan_def",
    ),
    Dangerous(
        "alter table stage add constraint s primary key using index stage_id", "verifies", relation="public.stage"
    ),
    Dangerous("alter domain posint add constraint small check (value < 1000)", "reads", relation="public.leg"),
    Dangerous(WIDER, "rewrites", relation="public.tiny"),
    Dangerous("alter domain posint set not null", "reads", relation="public.leg"),
)


def typed_in(number: int, fix: str) -> Iterator[Revision]:
    """Yield the revisions that a fix is typed into, just as it is copied from the page; one that is a single block can be run again."""
    there, _, _ = typed(fix).partition("# at the beginning of downgrade()")
    for at, both in enumerate(ANOTHER_REVISION.split(there)):
        code, _, _ = both.partition("# in its downgrade()")
        yield Revision(f"fix_{number}_{at}", code)
        if code.startswith(BLOCK) and all(line.startswith("    ") for line in code.splitlines()[1:]):
            yield Revision(f"again_{number}_{at}", code)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, pg_databases: Databases, agent: Agent) -> dict[Dangerous, Typed]:
    """Type in all fixes, each on the schema made anew, and return the revisions and what each came to."""
    if pg_databases.server.version_number < 150000:
        pytest.skip("PostgreSQL 15")
    with pg_databases.server.connect() as connection:
        for statement in HAS_ROLES:
            connection.execute(statement)
    with pg_databases.experiment("before") as database, database.connect() as connection:
        connection.execute((SCHEMA + "".join(f"{one};" for one in sorted(ALSO))).encode())
        catalog = take_snapshot(connection)
    revisions: list[tuple[Dangerous | None, Revision]] = []
    for number, one in enumerate(DANGEROUS):
        use = ("ALTER TABLE leg ALTER pos TYPE posint",) if "domain" in one.sql else ()
        revisions.append((None, Revision(f"schema_{number}", sql(RESET, SCHEMA, *sorted(ALSO), *use))))
        revisions += [(one, revision) for revision in typed_in(number, one.fix(catalog))]
    folder = tmp_path_factory.mktemp("fixes") / "chain"
    chain = write_chain(folder, (revision for _, revision in revisions), VERSION_TABLE_ELSEWHERE)
    project = open_project(load_settings(None, alembic=Path(chain)), agent=agent)
    found: dict[Dangerous, Typed] = {one: ([], []) for one in DANGEROUS}
    with pg_databases.experiment("fixes") as database, database.connect() as observer:
        observer.execute("CREATE SCHEMA kept")
        with converse(project, database) as conversation:
            watch = TraceWatch(observer, conversation.backend, (conversation.version_table,))
            for whose, revision in revisions:
                (step,) = conversation.steps([(revision.slug, UP)], apart=True, watches=[watch])
                dangers = sorted({met.hazard.id for met in hazards_in(watch.take())} & FOUND)
                assert whose is not None or step.failure is None, step.failure
                if whose is not None:
                    found[whose][0].append(revision.up)
                    found[whose][1].append((",".join(dangers), step.failure))
    return found


@pytest.mark.parametrize("dangerous", DANGEROUS, ids=lambda one: one.sql[:60])
def test_the_fix_of_a_dangerous_statement_runs_and_is_not_dangerous(
    dangerous: Dangerous, told: dict[Dangerous, Typed]
) -> None:
    revisions, outcomes = told[dangerous]
    assert outcomes == [("", None)] * max(1, len(outcomes)), revisions
    assert "…" not in "\n".join(revisions)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "ALTER TABLE parcel ADD COLUMN w int NOT NULL",
            "ALTER TABLE parcel ADD COLUMN w int DEFAULT <value> NOT NULL",
        ),
        (
            "alter table parcel add w varchar(9) not null, drop code",
            "ADD COLUMN w varchar(9) DEFAULT <value> NOT NULL, drop code",
        ),
    ],
)
def test_a_new_column_that_may_not_be_null_gets_a_default_since_no_constraint_is_added(
    statement: str, told: str
) -> None:
    fix = Dangerous(statement, "verifies").fix()

    assert told.casefold() in fix.casefold()
    assert "server_default in the model" in fix
    assert "NOT VALID; and VALIDATE" not in fix


def test_what_was_bound_to_a_statement_is_left_to_the_call_that_the_revision_has() -> None:
    bound, plain = "UPDATE parcel SET note=%(note)s", "UPDATE parcel SET note = 'q'"
    held = HeldLock("public.parcel", "table", "ACCESS EXCLUSIVE", 0)
    work = Work("writes", "public.parcel", "", 20)

    def fix(statement: Statement) -> str:
        return fix_held_over(Occurrence(1, TracedStatement(statement, 0, (held,), (work,)), held, (work,)), NOTHING)

    assert "autocommit_block(): what line 7 sends, with a WHERE" in fix(Statement(bound, "{'note': 'q'}", "r.py", 7))
    assert bound not in fix(Statement(bound, "{'note': 'q'}", "r.py", 7))
    assert "UPDATE parcel SET note = 'q' WHERE ctid >= " in fix(Statement(plain, "", "r.py", 7))


@pytest.mark.parametrize(
    ("added", "spares_by_null"),
    [
        ("ADD COLUMN year int", True),
        ("ADD COLUMN price numeric(9, 2) DEFAULT 1, ADD COLUMN year int", True),
        ("ADD COLUMN year int DEFAULT 0", False),
        ("ADD COLUMN IF NOT EXISTS year int NOT NULL DEFAULT 0", False),
    ],
)
def test_a_new_column_that_comes_with_a_default_is_not_filled_where_it_is_null(
    added: str, *, spares_by_null: bool
) -> None:
    catalog = Snapshot({FactKey("table", "public.parcel", "exists"): "table"}, 180000)
    held = HeldLock("public.parcel", "table", "ACCESS EXCLUSIVE", 0)
    works = (Work("writes", "public.parcel", "", 20),)
    statement = TracedStatement(Statement("UPDATE parcel SET year = 2026", file="r.py", line=7), 0, (held,), works)

    fix = fix_held_over(Occurrence(1, statement, held, works, (f"ALTER TABLE parcel {added}",)), catalog)

    assert ("WHERE (year IS NULL) AND ctid" in fix) == spares_by_null
    assert ("with a WHERE that spares" in fix) != spares_by_null


@pytest.mark.parametrize(
    ("statement", "is_made_of_itself"),
    [
        ("UPDATE parcel SET qty = qty + 1", True),
        ("UPDATE parcel SET note = 'q', \"code\" = md5(parcel.code) WHERE qty > 1", True),
        ("UPDATE parcel SET qty = qty + 1 WHERE qty < 3", False),
        ("UPDATE parcel SET just_renamed = md5(just_renamed)", True),
        ("UPDATE parcel SET note = 'note'", False),
        ("UPDATE parcel SET note = code, qty = %(qty)s", False),
        ("DELETE FROM parcel", False),
    ],
)
def test_what_makes_a_value_of_itself_is_never_sent_in_pieces(statement: str, *, is_made_of_itself: bool) -> None:
    fix = Dangerous(statement, "writes", is_held_over=True).fix()

    assert ("in one piece" in fix) == is_made_of_itself
    assert ("COMMIT" in fix) != is_made_of_itself


@pytest.mark.parametrize("statement", ["CALL fill_parcels()", "DO $$ BEGIN PERFORM fill_parcels(); END $$"])
def test_code_that_locks_and_works_on_rows_is_told_to_be_taken_apart(statement: str) -> None:
    assert (
        "in one revision what locks the table, and in the next what works on its rows"
        in Dangerous(statement, "writes").fix()
    )


def test_a_constraint_beside_such_a_column_is_added_by_itself() -> None:
    fix = Dangerous("ALTER TABLE parcel ADD w int NOT NULL, ADD CONSTRAINT c CHECK (qty > 0)", "verifies").fix()

    assert "ADD COLUMN w int DEFAULT <value> NOT NULL, ADD CONSTRAINT c CHECK (qty > 0) NOT VALID" in fix
    assert "VALIDATE CONSTRAINT c" in fix
    assert "server_default in the model" in fix


def test_a_numbered_column_in_capitals_gets_its_type_as_postgresql_writes_it() -> None:
    column = Dangerous("ALTER TABLE leg ADD COLUMN n BIGSERIAL NOT NULL", "rewrites", relation="public.leg")

    assert "ADD COLUMN n bigint" in column.fix()
