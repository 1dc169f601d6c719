"""`pitfalls` tells from the schema what the run of a migration cannot: the pairs of the catalogue, and others of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from pgharness.catalog.snapshot import take_snapshot
from pgharness.checks.pitfalls import CHECK
from pgharness.databases import Database, Databases
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain
from tests.harness.hazards.base import HAS_ROLES, SCHEMA
from tests.harness.hazards.catalogue import CASES, Case, Side, run
from tests.harness.hazards.sides import sides

FURTHER = (
    Case(
        "PGH-F002",
        "an action sets a default that is not there",
        run(("create table bill(id int, depot_id bigint not null references depot on update set default)",)),
        run(("create table bill(id int, depot_id bigint not null default 1 references depot on update set default)",)),
    ),
    Case(
        "PGH-F002",
        "an action sets one of two columns",
        run(
            (
                "create table pair(a int, b int, primary key (a, b))",
                "create table bill(a int not null, b int, foreign key (a, b) references pair on delete set null (a))",
            )
        ),
        run(
            (
                "create table pair(a int, b int, primary key (a, b))",
                "create table bill(a int not null, b int, foreign key (a, b) references pair on delete set null (b))",
            )
        ),
    ),
    Case(
        "PGH-F002",
        "an action sets a column of the primary key, which can never be NULL",
        run(
            (
                "create table bill(id int, depot_id bigint references depot on delete set null, primary key (id, depot_id))",
            )
        ),
        run(
            (
                "create table bill(id int, depot_id bigint references depot on delete restrict, primary key (id, depot_id))",
            )
        ),
    ),
    Case(
        "PGH-F001",
        "a key of a domain",
        run(("create table bill(depot_id plainint references depot)",)),
        run(("create domain depot_number as bigint", "create table bill(depot_id depot_number references depot)")),
    ),
    Case(
        "PGH-F001",
        "a key that holds less than what it refers to, where one that holds more has room for all",
        run(("create table bill(depot_id int references depot)",)),
        run(("create table till(id int primary key)", "create table bill(till_id bigint references till)")),
    ),
    Case(
        "PGH-F003",
        "a CHECK calls a function that nobody marked",
        run(("alter table parcel add check (qty < dice()) not valid",)),
        run(
            (
                "alter table parcel add check (label <> 'now()')",
                "alter table parcel add check (qty < seven()) not valid",
            )
        ),
    ),
    Case(
        "PGH-F003",
        "a domain depends on the day",
        run(("create domain past as date check (value < current_date)",)),
        run(("create domain past as date check (value < '2100-01-01')",)),
    ),
    Case(
        "PGH-F004",
        "a sequence stays an integer",
        run(("create table t(id serial)", "alter table t alter id type bigint")),
        run(("create table t(id serial)", "alter table t alter id type bigint", "alter sequence t_id_seq as bigint")),
    ),
    Case(
        "PGH-F005",
        "a foreign key stands twice",
        run(("alter table leg add constraint again foreign key (parcel_id) references parcel not valid",)),
        run(("alter table leg add constraint other foreign key (id) references parcel not valid",)),
    ),
    Case(
        "PGH-F006",
        "everybody may write a column",
        run(("grant update (qty) on parcel to public",)),
        run(("grant select on parcel to public",)),
    ),
    Case(
        "PGH-F006",
        "everybody may write all partitions",
        run(("create table days(at date) partition by range (at)", "grant insert, delete on days to public")),
        run(("create table days(at date) partition by range (at)", "grant select on days to public")),
    ),
    Case(
        "PGH-F006",
        "everybody may make tables",
        run(("grant create on schema public to public",)),
        run(("grant usage on schema public to public",)),
    ),
    Case(
        "PGH-F007",
        "rights on loan",
        run(("create function f() returns int language sql security definer as 'select 1'",)),
        run(("create function f() returns int language sql security definer set search_path = '' as 'select 1'",)),
    ),
    Case(
        "PGH-F008",
        "row security without policy",
        run(("alter table parcel enable row level security",)),
        run(("alter table parcel enable row level security", "create policy p on parcel using (true)")),
    ),
    Case(
        "PGH-F009",
        "a policy without row security",
        run(("create policy p on parcel using (true)",)),
        run(("create policy p on parcel using (true)", "alter table parcel enable row level security")),
    ),
    Case(
        "PGH-F010",
        "a published table without key",
        run(("create publication p for table stage",)),
        run(("create publication p for table depot",)),
    ),
)


@pytest.fixture(scope="module")
def template(pg_databases: Databases) -> Iterator[Database]:
    """Yield a database with the schema of the catalogue."""
    database = pg_databases.create_empty("pitfalls")
    with database.connect() as connection:
        for statement in (*HAS_ROLES, SCHEMA):
            connection.execute(statement)
    yield database
    pg_databases.drop(database)


# The first statement of a fix, as far as it is one: what stands behind it says where it is right, or what to do else.
TYPED = re.compile(r"(?:ALTER|REVOKE)\b.*?(?=;|, (?:and|or|where|else) |$)", re.DOTALL)


@pytest.fixture
def told(template: Database, pg_databases: Databases) -> Callable[..., list[Finding]]:
    """Judge the schema that a side leaves, and further statements."""

    def judge(side: Side, *further: str) -> list[Finding]:
        database = pg_databases.clone(template)
        with database.connect() as connection:
            for statement in (*side.after, *(one for several in side.transactions for one in several), *further):
                connection.execute(statement)
            snapshot = take_snapshot(connection)
        pg_databases.drop(database)
        record = ChainRecord(Chain((), (), ()), "", (), snapshot)
        return [one for one in CHECK.judge(record, lambda *_: ()) if isinstance(one, Finding)]

    return judge


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.other == "pitfalls"], ids=lambda case: f"{case.number} {case.title}"
)
def test_the_schema_tells_the_dangerous_one_from_its_look_alike(case: Case, told: Callable[..., list[Finding]]) -> None:
    bad, good = (told(side) for _, side in sides(case))

    assert len(bad) == 1
    assert good == []
    assert left_after(case, bad[0], told) == []


@pytest.mark.parametrize("case", FURTHER, ids=lambda case: case.title)
def test_each_pitfall_is_told_by_its_code_and_not_where_it_is_avoided(
    case: Case, told: Callable[..., list[Finding]]
) -> None:
    bad, good = told(case.bad), told(case.good)

    assert [one.code for one in bad] == [case.number]
    assert good == []
    assert left_after(case, bad[0], told) == []


def left_after(case: Case, finding: Finding, told: Callable[..., list[Finding]]) -> list[Finding]:
    """Return what is found where the fix was typed in; one that has no statement to type is for people to work out."""
    typed = TYPED.search(finding.mend)
    return told(case.bad, typed[0]) if typed is not None else []
