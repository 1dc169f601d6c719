"""Further pairs that no list has, tried beside the catalogue: several statements at once, TRUNCATE, what a service meets in turn."""

from __future__ import annotations

from tests.harness.hazards.base import ALONE
from tests.harness.hazards.catalogue import Case, run

CODE = "create index pc on parcel(code)"

MORE = (
    Case(
        "m01",
        "a limit is set in the same message as the work",
        run(("set local lock_timeout = '5s'; alter table leg alter pos type bigint",)),
        run(("set local lock_timeout = '5s'; alter table leg alter pos set default 4",)),
        hazard="rewrite",
    ),
    Case(
        "m02",
        "rows are written behind an INSERT of the same message, under a lock",
        run(("lock table parcel in share mode", "insert into depot(name) values ('a'); update parcel set note = 'q'")),
        run(("insert into depot(name) values ('a'); update parcel set note = 'q' where id = 1",)),
        hazard="held-over-work",
    ),
    Case(
        "m03",
        "an index is built among several statements",
        run((f"alter table parcel add z int; {CODE}; select 1",)),
        run(("alter table parcel add z int; select 1",)),
        hazard="index-build",
    ),
    Case(
        "m04",
        "TRUNCATE builds its indexes on nothing",
        run(("truncate leg",)),
        run((f"{ALONE}truncate leg",)),
        passes=True,
    ),
    Case(
        "m05",
        "two tables are locked in turn",
        run(("alter table leg add z int", "alter table parcel add z int")),
        run(("alter table leg add z int",), ("alter table parcel add z int",)),
        hazard="locks-in-turn",
    ),
    Case(
        "m06",
        "DROP IF EXISTS of a misspelt name",
        run(("drop table if exists parcell",)),
        run(("drop table if exists stage",)),
        hazard="passed-over",
    ),
    Case(
        "m07",
        "SET LOCAL outside of a transaction",
        run((f"{ALONE}set local lock_timeout = '1s'",)),
        run(("set local lock_timeout = '1s'",)),
        hazard="no-effect",
    ),
    Case(
        "m08",
        "a domain gets a CHECK",
        run(
            ("alter domain plainint add constraint small check (value < 1000)",),
            after=("alter table parcel alter qty type plainint",),
        ),
        run(
            ("alter domain plainint add constraint small check (value < 1000) not valid",),
            after=("alter table parcel alter qty type plainint",),
        ),
        hazard="scan",
    ),
    Case(
        "m09",
        "work on a temporary table and on one of the same transaction harms nobody",
        run(("create temporary table t as select * from parcel", "create index on t(id)", "update t set note = 'q'")),
        run(
            (
                "create table n(id int primary key)",
                "insert into n select id from parcel",
                "alter table n add check (id > 0)",
            )
        ),
        passes=True,
    ),
)
