"""Migrations that are dangerous to a running service, each beside one that looks alike and is not: the union of what tools have rules for."""

from __future__ import annotations

from dataclasses import dataclass, replace

Transactions = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Side:
    """One migration: its transactions, each a revision; a statement that begins with ALONE is a transaction by itself.

    `after` are statements that have been run before it, `old` those that the release before it sends.
    """

    transactions: Transactions
    after: tuple[str, ...] = ()
    old: tuple[str, ...] = ()


def run(*transactions: tuple[str, ...], after: tuple[str, ...] = (), old: tuple[str, ...] = ()) -> Side:
    """Return a migration of these transactions."""
    return Side(transactions, after, old)


@dataclass(frozen=True)
class Case:
    """One danger, and who tells the two sides apart: a `hazard` of the trace, the `sqlstate` with which the bad one fails, or an`other` check.

    Where it `passes`, neither side is dangerous, though tools say so.
    """

    number: str
    title: str
    bad: Side
    good: Side
    hazard: str = ""
    sqlstate: str = ""
    other: str = ""
    passes: bool = False
    role: str = ""
    """That of the release before, where it is no superuser."""
    remark: str = ""
    """What has to be known to understand who tells it."""
    new_in: int = 0
    """The major version of PostgreSQL that brought what it shows, where not all have it."""
    older: tuple[Side, Side] | None = None
    """The two sides before that version, where that has another way to say the same; else none is tried there."""

    def on(self, major: int) -> Case | None:
        """Return it as it is tried on a major version, None where that has nothing of the kind."""
        if major >= self.new_in:
            return self
        return replace(self, bad=self.older[0], good=self.older[1]) if self.older is not None else None


CASES = (
    Case(
        "h01",
        "CREATE INDEX blocks writes",
        run(("create index parcel_code on parcel(code)",)),
        run(("(autocommit) create index concurrently parcel_code on parcel(code)",)),
        hazard="index-build",
    ),
    Case(
        "h02",
        "CREATE INDEX on a table of the same transaction",
        run(("create index tiny_v on tiny(v)",)),
        run(("create table fresh(id int, v text)", "create index fresh_v on fresh(v)")),
        hazard="index-build",
    ),
    Case(
        "h04",
        "REINDEX blocks writes",
        run(("reindex index parcel_label_ix",)),
        run(("(autocommit) reindex index concurrently parcel_label_ix",)),
        hazard="index-build",
    ),
    Case(
        "h05",
        "CONCURRENTLY inside a transaction fails 25001",
        run(("create index concurrently parcel_code on parcel(code)",)),
        run(("(autocommit) create index concurrently parcel_code on parcel(code)",)),
        sqlstate="25001",
    ),
    Case(
        "h07",
        "ADD PRIMARY KEY builds its index",
        run(("alter table stage add primary key (id)",), after=("alter table stage alter id set not null",)),
        run(
            ("alter table stage add constraint stage_pk primary key using index stage_pk",),
            after=("alter table stage alter id set not null", "create unique index stage_pk on stage(id)"),
        ),
        hazard="index-build",
    ),
    Case(
        "h08",
        "ADD PRIMARY KEY USING INDEX on nullable column scans",
        run(
            ("alter table stage add constraint stage_pk primary key using index stage_pk",),
            after=("create unique index stage_pk on stage(id)",),
        ),
        run(
            ("alter table stage add constraint stage_pk primary key using index stage_pk",),
            after=(
                "create unique index stage_pk on stage(id)",
                "alter table stage add constraint nn check (id is not null) not valid",
                "alter table stage validate constraint nn",
            ),
        ),
        hazard="verification",
    ),
    Case(
        "h10",
        "index on a partitioned parent locks every partition",
        run(("create index scan_what on scan(what)",)),
        run(
            ("create index scan_what on only scan(what)",),
            (
                "(autocommit) create index concurrently scan_2025_what on scan_2025(what)",
                "(autocommit) create index concurrently scan_def_what on scan_def(what)",
                "alter index scan_what attach partition scan_2025_what",
                "alter index scan_what attach partition scan_def_what",
            ),
        ),
        hazard="index-build",
    ),
    Case(
        "h11",
        "UNIQUE on a new column of a filled table",
        run(("alter table parcel add column slug text unique",)),
        run(("alter table parcel add column slug text",)),
        hazard="index-build",
    ),
    Case(
        "h13",
        "IF NOT EXISTS keeps an index of another definition, or an invalid one",
        run(
            ("(autocommit) create unique index concurrently if not exists parcel_label_ix on parcel(code)",),
            after=("update parcel set code='same' where id<3", "do $$begin begin execute 'select 1'; end; end$$"),
        ),
        run(
            (
                "(autocommit) drop index concurrently if exists parcel_code_u",
                "(autocommit) create unique index concurrently parcel_code_u on parcel(code)",
            )
        ),
        hazard="kept",
    ),
    Case(
        "h14",
        "a second index of the same definition",
        run(("create index parcel_label2 on parcel(label)",)),
        run(("alter index parcel_label_ix rename to parcel_label_idx",)),
        hazard="index-build",
    ),
    Case(
        "h16",
        "TYPE varchar shorter: rewrite/scan; longer: neither",
        run(("alter table parcel alter column label type varchar(20)",)),
        run(("alter table parcel alter column label type varchar(80)",)),
        hazard="rewrite",
    ),
    Case(
        "h17",
        "TYPE varchar->text is free, text->varchar(n) verifies",
        run(("alter table parcel alter column note type varchar(30)",)),
        run(("alter table parcel alter column label type text",)),
        hazard="rewrite",
    ),
    Case(
        "h19",
        "TYPE timestamp->timestamptz by TimeZone",
        run(("set timezone='Europe/Rome'", "alter table parcel alter column sent type timestamptz")),
        run(("set timezone='UTC'", "alter table parcel alter column sent type timestamptz")),
        hazard="rewrite",
    ),
    Case(
        "h20",
        "TYPE with indexed column: index rebuilt or kept",
        run(
            ("alter table parcel alter column label type text",),
            after=("create index parcel_low on parcel(lower(label))",),
        ),
        run(("alter table parcel alter column label type text",), after=("create index parcel_low on parcel(note)",)),
        hazard="index-build",
    ),
    Case(
        "h22",
        "TYPE enum->text",
        run(
            ("alter table parcel alter column state type text using state::text",),
            after=("alter table parcel alter state drop default",),
        ),
        run(("alter table parcel add column state_t text",)),
        hazard="rewrite",
    ),
    Case(
        "h23",
        "TYPE of a column that a view reads fails",
        run(("alter table parcel alter column code type varchar(90)",)),
        run(("alter table parcel alter column label type text",)),
        sqlstate="0A000",
    ),
    Case(
        "h25",
        "DEFAULT own volatile function rewrites",
        run(("alter table parcel add column d int default dice()",)),
        run(("alter table parcel add column d int default seven()",)),
        hazard="rewrite",
    ),
    Case(
        "h26",
        "DEFAULT gen_random_uuid rewrites",
        run(("alter table parcel add column u uuid default gen_random_uuid()",)),
        run(
            ("alter table parcel add column u uuid", "alter table parcel alter column u set default gen_random_uuid()")
        ),
        hazard="rewrite",
    ),
    Case(
        "h28",
        "GENERATED STORED rewrites; VIRTUAL does not",
        run(("alter table parcel add column lab2 text generated always as (upper(label)) stored",)),
        run(("alter table parcel add column lab2 text generated always as (upper(label)) virtual",)),
        hazard="rewrite",
        new_in=18,
        older=(
            run(("alter table parcel add column lab2 text generated always as (upper(label)) stored",)),
            run(("alter table parcel add column lab2 text",)),
        ),
    ),
    Case(
        "h29",
        "constrained domain with default rewrites",
        run(("alter table parcel add column p posint default 3",)),
        run(("alter table parcel add column p plainint default 3",)),
        hazard="rewrite",
    ),
    Case(
        "h31",
        "SET ACCESS METHOD rewrites",
        run(("alter table leg set access method heap2",)),
        run(("alter table leg set (toast_tuple_target=256)",)),
        hazard="rewrite",
    ),
    Case(
        "h32",
        "SET TABLESPACE copies the files",
        run(
            ("alter table leg set tablespace ts2",),
        ),
        run(("alter table leg set (autovacuum_enabled=off)",)),
        hazard="move",
    ),
    Case(
        "h34",
        "CLUSTER",
        run(("cluster leg using leg_pkey",)),
        run(("alter table leg cluster on leg_pkey",)),
        hazard="rewrite",
    ),
    Case(
        "h35",
        "DROP EXPRESSION / change generation expression",
        run(
            ("alter table parcel alter column g set expression as (label||'y')",),
            after=("alter table parcel add column g text generated always as (label||'x') stored",),
        ),
        run(
            ("alter table parcel alter column g drop expression",),
            after=("alter table parcel add column g text generated always as (label||'x') stored",),
        ),
        hazard="rewrite",
        new_in=17,
        older=(
            run(
                ("alter table parcel drop g, add column g text generated always as (label||'y') stored",),
                after=("alter table parcel add column g text generated always as (label||'x') stored",),
            ),
            run(
                ("alter table parcel alter column g drop expression",),
                after=("alter table parcel add column g text generated always as (label||'x') stored",),
            ),
        ),
    ),
    Case(
        "h37",
        "SET NOT NULL scans",
        run(("alter table parcel alter column note set not null",), after=("update parcel set note='n'",)),
        run(
            ("alter table parcel alter column note set not null",),
            after=(
                "update parcel set note='n'",
                "alter table parcel add constraint nn check (note is not null) not valid",
                "alter table parcel validate constraint nn",
            ),
        ),
        hazard="verification",
    ),
    Case(
        "h38",
        "ADD NOT NULL constraint (18) scans",
        run(("alter table parcel add constraint note_nn not null note",), after=("update parcel set note='n'",)),
        run(("alter table parcel add constraint note_nn not null note not valid",)),
        hazard="verification",
        new_in=18,
    ),
    Case(
        "h40",
        "ADD FOREIGN KEY scans both, locks both",
        run(("alter table parcel add constraint fk2 foreign key (ref) references depot(id)",)),
        run(("alter table parcel add constraint fk2 foreign key (ref) references depot(id) not valid",)),
        hazard="foreign-key",
    ),
    Case(
        "h41",
        "NOT VALID and VALIDATE in one transaction",
        run(
            (
                "alter table parcel add constraint fk2 foreign key (ref) references depot(id) not valid",
                "alter table parcel validate constraint fk2",
            )
        ),
        run(
            ("alter table parcel add constraint fk2 foreign key (ref) references depot(id) not valid",),
            ("alter table parcel validate constraint fk2",),
        ),
        hazard="held-over-work",
    ),
    Case(
        "h43",
        "ADD COLUMN REFERENCES with default validates",
        run(("alter table parcel add column d2 bigint default 1 references depot(id)",)),
        run(("alter table parcel add column d2 bigint references depot(id)",)),
        hazard="foreign-key",
    ),
    Case(
        "h44",
        "ATTACH PARTITION scans",
        run(("alter table scan attach partition scan_2027 for values from ('2027-01-01') to ('2028-01-01')",)),
        run(
            ("alter table scan attach partition scan_2027 for values from ('2027-01-01') to ('2028-01-01')",),
            after=(
                "alter table scan_2027 add constraint b check (at>='2027-01-01' and at<'2028-01-01')",
                "alter table scan_def add constraint nb check (at<'2027-01-01' or at>='2028-01-01')",
            ),
        ),
        hazard="verification",
    ),
    Case(
        "h46",
        "DETACH PARTITION",
        run(("alter table scan detach partition scan_2025",)),
        run(("(autocommit) alter table scan detach partition scan_2025 concurrently",), after=("drop table scan_def",)),
        hazard="brief-lock",
    ),
    Case(
        "h47",
        "REFRESH MATERIALIZED VIEW blocks readers",
        run(("refresh materialized view totals",)),
        run(("refresh materialized view concurrently totals",)),
        hazard="rewrite",
    ),
    Case(
        "h49",
        "FK whose columns have another type",
        run(
            ("alter table parcel add constraint fk3 foreign key (depot_i) references depot(id) not valid",),
            after=("alter table parcel add column depot_i int",),
        ),
        run(
            ("alter table parcel add constraint fk3 foreign key (depot_b) references depot(id) not valid",),
            after=("alter table parcel add column depot_b bigint",),
        ),
        other="pitfalls",
    ),
    Case(
        "h50",
        "VALIDATE with a lock that blocks writes elsewhere",
        run(
            ("alter table parcel add column zz int", "alter table parcel validate constraint q"),
            after=("alter table parcel add constraint q check (qty<100000) not valid",),
        ),
        run(
            ("alter table parcel validate constraint q",),
            after=("alter table parcel add constraint q check (qty<100000) not valid",),
        ),
        hazard="held-over-work",
    ),
    Case(
        "h52",
        "DROP TABLE of a child locks its parent",
        run(("drop table leg",)),
        run(("drop table stage",)),
        hazard="other-relation",
    ),
    Case(
        "h53",
        "DROP CONSTRAINT fk locks the referenced table",
        run(("alter table leg drop constraint leg_parcel_id_fkey",)),
        run(("alter table leg drop constraint leg_pkey",)),
        hazard="other-relation",
    ),
    Case(
        "h55",
        "lock kept over a backfill",
        run(("alter table parcel add column a1 int", "update parcel set a1=qty")),
        run(
            ("alter table parcel add column a1 int",),
            ("update parcel set a1=qty where id<=10",),
            ("update parcel set a1=qty where id>10",),
        ),
        hazard="held-over-work",
    ),
    Case(
        "h56",
        "unbatched UPDATE of a whole table",
        run(("update parcel set note='q'",)),
        run(("update parcel set note='q' where id between 1 and 5",)),
        hazard="rows-written",
    ),
    Case(
        "h58",
        "TRUNCATE CASCADE empties other tables",
        run(("truncate parcel cascade",)),
        run(("truncate stage",)),
        hazard="other-relation",
    ),
    Case(
        "h59",
        "CREATE TRIGGER blocks writes",
        run(("create trigger depot_t before update on depot for each row execute function touch()",)),
        run(("create or replace function touch() returns trigger language plpgsql as $$begin return new; end$$",)),
        hazard="brief-lock",
    ),
    Case(
        "h61",
        "explicit LOCK TABLE",
        run(("lock table parcel in access exclusive mode",)),
        run(("lock table parcel in share update exclusive mode",)),
        hazard="brief-lock",
    ),
    Case(
        "h62",
        "DDL in a DO block / EXECUTE",
        run(("do $$begin execute 'create index parcel_code on parcel(code)'; end$$",)),
        run(("do $$begin perform 1; end$$",)),
        hazard="index-build",
    ),
    Case(
        "h64",
        "lock_timeout set after the DDL",
        run(
            (
                "alter table parcel add column b1 int",
                "set local lock_timeout='1s'",
                "alter table depot add column b1 int",
            )
        ),
        run(("set local lock_timeout='1s'", "alter table parcel add column b1 int")),
        hazard="no-lock-timeout",
    ),
    Case(
        "h65",
        "several ALTER TABLE where one scan would do",
        run(
            ("alter table parcel alter note set not null", "alter table parcel add constraint c1 check (qty<1000)"),
            after=("update parcel set note='n'",),
        ),
        run(
            ("alter table parcel alter note set not null, add constraint c1 check (qty<1000)",),
            after=("update parcel set note='n'",),
        ),
        hazard="scans-twice",
    ),
    Case(
        "h67",
        "pending trigger events",
        run(
            ("insert into leg values(100,1,1)", "alter table leg add column q int"),
            after=("alter table leg alter constraint leg_parcel_id_fkey deferrable initially deferred",),
        ),
        run(
            ("insert into leg values(100,1,1)",),
            ("alter table leg add column q int",),
            after=("alter table leg alter constraint leg_parcel_id_fkey deferrable initially deferred",),
        ),
        sqlstate="55006",
    ),
    Case(
        "h68",
        "ADD COLUMN NOT NULL without default",
        run(("alter table parcel add column w int not null",)),
        run(("alter table parcel add column w int not null default 0",)),
        sqlstate="23502",
    ),
    Case(
        "h70",
        "CHECK / NOT NULL that rows break",
        run(("alter table parcel alter note set not null",)),
        run(("alter table parcel alter note set not null",), after=("update parcel set note=''",)),
        sqlstate="23502",
    ),
    Case(
        "h71",
        "type narrowing that rows break",
        run(("alter table parcel alter qty type smallint",), after=("update parcel set qty=70000 where id=1",)),
        run(("alter table parcel alter weight type numeric(2,0)", "alter table parcel alter qty type smallint")),
        sqlstate="22003",
    ),
    Case(
        "h73",
        "enum value removed by recreate, rows still have it",
        run(
            (
                "alter type pstate rename to pstate_old",
                "create type pstate as enum('moving','done')",
                "alter table parcel alter state drop default, alter state type pstate using state::text::pstate",
            )
        ),
        run(
            (
                "alter type pstate rename to pstate_old",
                "create type pstate as enum('new','moving','done','lost')",
                "alter table parcel alter state drop default, alter state type pstate using state::text::pstate",
            )
        ),
        sqlstate="22P02",
    ),
    Case(
        "h74",
        "DROP COLUMN in use",
        run(
            ("alter table parcel drop column note cascade",),
            old=(
                "select id,label,note from parcel where id=1",
                "insert into parcel(label) values('n')",
                "update parcel set note='x' where id=2",
            ),
        ),
        run(
            ("alter table parcel drop column weight",),
            old=(
                "select id,label,note from parcel where id=1",
                "insert into parcel(label) values('n')",
                "update parcel set note='x' where id=2",
            ),
        ),
        other="compat",
    ),
    Case(
        "h76",
        "RENAME table (view as stand-in is safe)",
        run(
            ("alter table parcel rename to parcels",),
            old=(
                "select id,label,note from parcel where id=1",
                "insert into parcel(label) values('n')",
                "update parcel set note='x' where id=2",
            ),
        ),
        run(
            ("alter table parcel rename to parcels", "create view parcel as select * from parcels"),
            old=(
                "select id,label,note from parcel where id=1",
                "insert into parcel(label) values('n')",
                "update parcel set note='x' where id=2",
            ),
        ),
        other="compat",
    ),
    Case(
        "h77",
        "SET SCHEMA",
        run(
            ("create schema arch", "alter table parcel set schema arch"),
            old=(
                "select id,label,note from parcel where id=1",
                "insert into parcel(label) values('n')",
                "update parcel set note='x' where id=2",
            ),
        ),
        run(
            ("create schema arch", "alter table stage set schema arch"),
            old=(
                "select id,label,note from parcel where id=1",
                "insert into parcel(label) values('n')",
                "update parcel set note='x' where id=2",
            ),
        ),
        other="compat",
    ),
    Case(
        "h79",
        "cached plan must not change result type",
        run(("alter table parcel alter label type varchar(80)",), old=("select * from parcel where id=1",)),
        run(("alter table parcel alter code set default 'k'",), old=("select * from parcel where id=1",)),
        other="compat",
    ),
    Case(
        "h80",
        "ADD COLUMN and SELECT * prepared",
        run(("alter table depot add column x int",), old=("select * from depot",)),
        run(("alter table depot add column x int",), old=("select id,name from depot",)),
        other="compat",
    ),
    Case(
        "h82",
        "new UNIQUE refuses old writes",
        run(
            ("create unique index cu on parcel(code)",),
            ("alter table parcel add constraint cu unique using index cu",),
            old=("insert into parcel(label,code) values('a','c1')",),
        ),
        run(("alter table parcel add column t text",), old=("insert into parcel(label,code) values('a','c1')",)),
        other="compat",
        remark="the index belongs to the deployment; where it stood before, it refused the row already, which is a note",
    ),
    Case(
        "h83",
        "RLS enabled without policy hides all rows",
        run(
            ("grant select on parcel to pgharness_app_user", "alter table parcel enable row level security"),
            old=("select count(*) from parcel",),
        ),
        run(("grant select on parcel to pgharness_app_user",), old=("select count(*) from parcel",)),
        other="compat",
        role="pgharness_app_user",
        remark="with `app_role`; `pitfalls` tells it without",
    ),
    Case(
        "h85",
        "ON CONFLICT loses its index",
        run(
            ("drop index cu",),
            after=("create unique index cu on parcel(code)",),
            old=("insert into parcel(label,code) values('a','c1') on conflict (code) do nothing",),
        ),
        run(
            ("create unique index cu2 on parcel(code)",),
            after=("create unique index cu on parcel(code)",),
            old=("insert into parcel(label,code) values('a','c1') on conflict (code) do nothing",),
        ),
        other="compat",
    ),
    Case(
        "h86",
        "DROP VIEW/FUNCTION/TYPE/SEQUENCE in use",
        run(("drop view parcel_v",), old=("select * from parcel_v",)),
        run(("create or replace view parcel_v as select id,code,note from parcel",), old=("select id from parcel_v",)),
        other="compat",
    ),
    Case(
        "h88",
        "enum value renamed",
        run(("alter type pstate rename value 'new' to 'fresh'",), old=("select id from parcel where state='new'",)),
        run(("alter type pstate add value 'lost'",), old=("select id from parcel where state='new'",)),
        other="compat",
    ),
    Case(
        "h89",
        "drop index/constraint used by a FK or replica identity",
        run(("alter table tiny replica identity using index tiny_pkey", "alter table tiny drop constraint tiny_pkey")),
        run(("alter table tiny replica identity full", "alter table tiny drop constraint tiny_pkey")),
        other="pitfalls",
    ),
    Case(
        "h91",
        "CHECK with a volatile or stable function",
        run(("alter table parcel add constraint c check (seen < now()) not valid",)),
        run(("alter table parcel add constraint c check (qty < seven()*100) not valid",)),
        other="pitfalls",
    ),
    Case(
        "h92",
        "sequence behind the data after a copy",
        run(
            ("insert into depot(id,name) select 20+g,'y' from generate_series(1,5) g",),
            old=("insert into depot(name) values('z')",),
        ),
        run(
            (
                "insert into depot(id,name) select 20+g,'y' from generate_series(1,5) g",
                "select setval(pg_get_serial_sequence('depot','id'),(select max(id) from depot))",
            ),
            old=("insert into depot(name) values('z')",),
        ),
        other="compat",
    ),
    Case(
        "h94",
        "FK SET NULL onto a NOT NULL column",
        run(("create table bill(id int, depot_id bigint not null references depot on delete set null)",)),
        run(("create table bill(id int, depot_id bigint references depot on delete set null)",)),
        other="pitfalls",
    ),
    Case(
        "h95",
        "SET NOT NULL in 18 after NOT VALID not-null",
        run(
            ("alter table parcel alter note set not null",),
            after=("update parcel set note='n'", "alter table parcel add constraint note_nn not null note not valid"),
        ),
        run(
            ("alter table parcel validate constraint note_nn",),
            after=("update parcel set note='n'", "alter table parcel add constraint note_nn not null note not valid"),
        ),
        hazard="verification",
        new_in=18,
    ),
    Case(
        "h97",
        "INHERIT: light on the parent (must pass)",
        run(("create table kid(like parcel)", "alter table kid inherit parcel")),
        run(("create table kid(like parcel)",)),
        passes=True,
    ),
    Case(
        "h98",
        "a brief ACCESS EXCLUSIVE without work: SET DEFAULT (must pass)",
        run(("alter table parcel alter qty set default 5",)),
        run(("comment on table parcel is 'x'",)),
        passes=True,
    ),
    Case(
        "h100",
        "ALTER INDEX SET / RENAME: light (must pass)",
        run(("alter index parcel_label_ix set (fillfactor=70)",)),
        run(("alter index parcel_label_ix rename to p_l",)),
        passes=True,
    ),
    Case(
        "h101",
        "CREATE STATISTICS, ANALYZE: light (must pass)",
        run(("create statistics st on qty, code from parcel", "analyze parcel")),
        run(("(autocommit) analyze parcel",)),
        passes=True,
    ),
    Case(
        "h103",
        "IF NOT EXISTS keeps another table",
        run(("create table if not exists depot(id int, colour text)",)),
        run(("create table if not exists colour(id int, colour text)",)),
        hazard="kept",
    ),
    Case(
        "h104",
        "ADD COLUMN IF NOT EXISTS keeps another type",
        run(("alter table parcel add column if not exists qty bigint",)),
        run(("alter table parcel add column if not exists qty2 bigint",)),
        hazard="kept",
    ),
    Case(
        "h106",
        "identifier longer than 63 bytes is cut",
        run(("create table a_table_name_that_goes_on_and_on_until_it_is_far_too_long_for_the_server(id int)",)),
        run(("create table short_name(id int)",)),
        hazard="name-cut",
    ),
    Case(
        "h107",
        "search_path / role / timeout left set for later revisions",
        run(("set search_path=''",)),
        run(("set local search_path=''",)),
        hazard="setting-left",
    ),
    Case(
        "h109",
        "works only as superuser",
        run(("set role pgharness_app_owner", "alter table parcel disable trigger all")),
        run(("set role pgharness_app_owner", "alter table parcel disable trigger user")),
        sqlstate="42501",
    ),
    Case(
        "h110",
        "extension that only a superuser may create",
        run(("set role pgharness_app_owner", "create extension amcheck")),
        run(("set role pgharness_app_owner", "create extension citext")),
        sqlstate="42501",
    ),
    Case(
        "h112",
        "DROP COLUMN takes its multi-column indexes along",
        run(
            ("alter table parcel drop column ref",),
            after=(
                "create index parcel_q_c on parcel(qty, label)",
                "create unique index parcel_u on parcel(ref, label)",
            ),
            old=("insert into parcel(label,qty) values('a',1) on conflict (ref,label) do nothing",),
        ),
        run(
            ("alter table parcel drop column weight",),
            old=("insert into parcel(label,qty) values('a',1) on conflict (ref,label) do nothing",),
            after=(
                "create index parcel_q_c on parcel(qty, label)",
                "create unique index parcel_u on parcel(ref, label)",
            ),
        ),
        other="compat",
    ),
    Case(
        "h113",
        "SET STORAGE, COMPRESSION: brief, no rewrite (must pass)",
        run(("alter table parcel alter note set storage external",)),
        run(("alter table parcel alter note set compression pglz",)),
        passes=True,
    ),
    Case(
        "h115",
        "CREATE RULE",
        run(("create rule r as on delete to parcel do instead nothing",)),
        run(("create view parcel_w as select id from parcel",)),
        hazard="brief-lock",
    ),
    Case(
        "h116",
        "CREATE TABLE AS of a large table",
        run(("create table copy_p as select * from parcel",)),
        run(("create table copy_p(like parcel)",)),
        hazard="rows-read",
    ),
    Case(
        "h118",
        "UPDATE fires row triggers",
        run(("update parcel set qty=qty+1",)),
        run(("update depot set region='x'",)),
        hazard="row-triggers",
    ),
    Case(
        "h119",
        "GRANT to PUBLIC / SECURITY DEFINER without search_path",
        run(("grant all on parcel to public",)),
        run(("grant select on parcel to pgharness_app_user",)),
        other="pitfalls",
    ),
    Case(
        "h121",
        "int key near its end",
        run(
            ("alter table tiny alter id add generated by default as identity",),
            old=("insert into tiny(id,v) values(3000000000,'a')",),
        ),
        run(("alter table leg alter pos type bigint",), old=("insert into leg values(3000000000,1,1)",)),
        other="compat",
    ),
    Case(
        "h122",
        "a deferred constraint fails only at COMMIT",
        run(
            ("update leg set parcel_id=999 where id=1",),
            after=("alter table leg alter constraint leg_parcel_id_fkey deferrable initially deferred",),
        ),
        run(
            ("update leg set parcel_id=2 where id=1",),
            after=("alter table leg alter constraint leg_parcel_id_fkey deferrable initially deferred",),
        ),
        sqlstate="23503",
    ),
    Case(
        "h124",
        "generated / identity ALWAYS refuses explicit values of old writes",
        run(("alter table depot alter id set generated always",), old=("insert into depot(id,name) values(900,'x')",)),
        run(("alter table depot alter id set increment by 2",), old=("insert into depot(id,name) values(900,'x')",)),
        other="compat",
    ),
    Case(
        "h125",
        "function signature changed: old calls ambiguous or gone",
        run(
            ("drop function seven()", "create function seven(n int) returns int language sql immutable as 'select n'"),
            old=("select seven()",),
        ),
        run(
            ("create function seven(n int, m int) returns int language sql immutable as 'select n'",),
            old=("select seven()",),
        ),
        other="compat",
    ),
)
