"""An upgrade meets rows that only the schema before it admits: two alike where they may not be, values at and beyond a CHECK, texts too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

SETUP = """id bigint PRIMARY KEY, n integer, s text, a integer, b integer, email text, deleted_at timestamptz, active boolean, state text,
    amount numeric, size bigint, during int4range"""


def _adds(what: str, name: str = "added") -> tuple[str, str]:
    return f"ALTER TABLE item ADD CONSTRAINT {name} {what}", f"ALTER TABLE item DROP CONSTRAINT {name}"


def _index(what: str) -> tuple[str, str]:
    return f"CREATE UNIQUE INDEX added ON item {what}", "DROP INDEX added"


def _type(column: str, there: str, back: str) -> tuple[str, str]:
    return f"ALTER TABLE item ALTER {column} TYPE {there}", f"ALTER TABLE item ALTER {column} TYPE {back}"


def _keeps_one(same: str, where: str = "true") -> str:
    return (
        f"UPDATE item SET email = email || ' of ' || id, n = NULL, during = NULL WHERE {where} AND id NOT IN "
        f"(SELECT min(id) FROM item WHERE {where} GROUP BY {same})"
    )


LIVE = "deleted_at IS NULL"
REFUSES = {
    "unique where nothing is deleted": (
        _index(f"(email) WHERE {LIVE}"),
        _keeps_one("email", LIVE),
        f"two rows share email where {LIVE}",
        f"SELECT email, count(*) FROM item WHERE (email) IS NOT NULL AND ({LIVE}) GROUP BY email HAVING count(*) > 1",
    ),
    "unique where active": (
        _index("(email) WHERE active"),
        _keeps_one("email", "active"),
        "two rows share email where active",
        "",
    ),
    "unique in one state": (
        _index("(email) WHERE state = 'open'"),
        _keeps_one("email", "state = 'open'"),
        "two rows share email where state = 'open'",
        "",
    ),
    "unique but for case": (_index("(lower(email))"), _keeps_one("lower(email)"), "two rows share lower(email)", ""),
    "unique with NULL": (
        _index("(deleted_at) NULLS NOT DISTINCT"),
        "UPDATE item SET deleted_at = timestamptz '2020-01-01 00:00+00' + (id % 1000000) * interval '1 second'",
        "two rows share deleted_at",
        "SELECT deleted_at, count(*) FROM item GROUP BY deleted_at HAVING count(*) > 1",
    ),
    "a range that overlaps": (
        _adds("EXCLUDE USING gist (during WITH &&)"),
        "UPDATE item SET during = NULL",
        "two rows conflict in during",
        "SELECT count(*) FROM item AS one JOIN item AS other ON one.ctid < other.ctid AND one.during && other.during",
    ),
    "above zero": (
        _adds("CHECK (n > 0)"),
        "UPDATE item SET n = 1 WHERE n < 1",
        "a row violates added",
        "SELECT count(*) FROM item WHERE NOT (n > 0)",
    ),
    "one at least": (_adds("CHECK (n >= 1)"), "UPDATE item SET n = 1 WHERE n < 1", "a row violates added", ""),
    "not empty": (_adds("CHECK (length(s) > 0)"), "UPDATE item SET s = NULL WHERE s = ''", "a row violates added", ""),
    "not the empty text": (
        _adds("CHECK (s <> '')"),
        "UPDATE item SET s = NULL WHERE s = ''",
        "a row violates added",
        "",
    ),
    "one below the other": (_adds("CHECK (a <= b)"), "UPDATE item SET a = b WHERE a > b", "a row violates added", ""),
    "the other differs": (_adds("CHECK (a <> n)"), "UPDATE item SET a = NULL WHERE a = n", "a row violates added", ""),
    "in bounds": (
        _adds("CHECK (n BETWEEN 1 AND 2100000000)"),
        "UPDATE item SET n = 1 WHERE n NOT BETWEEN 1 AND 2100000000",
        "a row violates added",
        "",
    ),
    "a long text": (_type("s", "varchar(500)", "text"), "UPDATE item SET s = left(s, 500)", "s is longer than 500", ""),
    "a large number": (
        _type("amount", "numeric(10,2)", "numeric"),
        "UPDATE item SET amount = 0 WHERE amount > 1000",
        "amount is near the end",
        "",
    ),
    "a number of a smaller type": (
        _type("size", "integer", "bigint"),
        "UPDATE item SET size = 0 WHERE size > 1000",
        "size is near the end",
        "",
    ),
}


@pytest.mark.parametrize("case", REFUSES)
def test_an_upgrade_that_rows_of_before_may_not_meet_is_found_with_the_query_that_counts_them(
    case: str, judge_chain: Callable[..., Run]
) -> None:
    (there, back), _, where, query = REFUSES[case]

    run = judge_chain(table("item", SETUP), Revision("adds", sql(there), sql(back)))

    (found,) = [one for one in run.report.findings if one.check == "upgrade"]
    assert (found.revision, found.code) == ("adds", "PGH-U002")
    assert where in found.message
    assert query in found.mend


@pytest.mark.parametrize("case", REFUSES)
def test_an_upgrade_that_cleans_such_rows_first_is_sound(case: str, judge_chain: Callable[..., Run]) -> None:
    (there, back), clean, _, _ = REFUSES[case]

    run = judge_chain(table("item", SETUP), Revision("adds", sql(clean, there), sql(back)))

    assert [(one.revision, one.code, one.message) for one in run.report.findings] == []


@pytest.mark.parametrize("down", ["pass", "raise NotImplementedError"])
@pytest.mark.parametrize("case", ["unique where active", "above zero"])
def test_an_upgrade_without_a_way_back_meets_such_rows_on_a_database_of_its_own(
    case: str, down: str, judge_chain: Callable[..., Run]
) -> None:
    (there, _), clean, where, _ = REFUSES[case]
    adds, behind = Revision("adds", sql(there), down), Revision("behind", sql("ALTER TABLE item ADD more text"))

    found = [
        judge_chain(table("item", SETUP), one, behind, only=("upgrade",)).report.findings
        for one in (adds, replace(adds, up=sql(clean, there)))
    ]

    assert [(one.revision, one.code) for one in found[0]] == [("adds", "PGH-U002")]
    assert where in found[0][0].message
    assert found[1] == ()


def test_what_people_say_of_a_column_comes_before_what_a_check_may_refuse(judge_chain: Callable[..., Run]) -> None:
    adds = Revision("adds", sql(_adds("CHECK (n > 0)")[0]), sql(_adds("")[1]))

    run = judge_chain(table("item", SETUP), adds, values={"public.item.n": ("1", "2", "3")})

    assert [(one.revision, one.code, one.message) for one in run.report.findings] == []


DOMAIN = Revision(
    "item",
    sql("CREATE DOMAIN score AS integer", "CREATE TABLE item (id bigint PRIMARY KEY, n score)"),
    sql("DROP TABLE item", "DROP DOMAIN score"),
)


@pytest.mark.parametrize("clean", ["", "UPDATE item SET n = 1 WHERE n < 1"])
def test_a_condition_that_a_domain_gets_is_met_by_what_it_refuses(clean: str, judge_chain: Callable[..., Run]) -> None:
    there, back = (
        "ALTER DOMAIN score ADD CONSTRAINT positive CHECK (VALUE > 0)",
        "ALTER DOMAIN score DROP CONSTRAINT positive",
    )

    run = judge_chain(DOMAIN, Revision("adds", sql(*[one for one in (clean, there) if one]), sql(back)))

    told = [(one.revision, one.code) for one in run.report.findings]
    assert told == ([] if clean else [("adds", "PGH-U002")])
    assert clean or "SELECT count(*) FROM item WHERE NOT (n > 0)" in run.report.findings[0].mend


def test_only_a_second_row_is_refused_where_the_index_holds_the_same_rows_as_the_one_before(
    judge_chain: Callable[..., Run],
) -> None:
    has_it = Revision(
        "has_it", sql(_index("(email) WHERE active")[0]), sql("DROP INDEX added"), 'allow = {"upgrade": "none"}'
    )
    same = Revision("same", sql("CREATE UNIQUE INDEX another ON item (email) WHERE active"), sql("DROP INDEX another"))

    run = judge_chain(table("item", SETUP), has_it, same)

    assert [(one.revision, one.code) for one in run.report.findings] == []


CLEANS = f"UPDATE item SET deleted_at = now() WHERE {LIVE} AND id NOT IN (SELECT min(id) FROM item WHERE {LIVE} GROUP BY email)"
ALLOWS = 'allow = {"data": "later ones of an address are deleted"}'


@pytest.mark.parametrize(
    ("up", "unused"),
    [((CLEANS, _index(f"(email) WHERE {LIVE}")[0]), []), ((_index(f"(id) WHERE {LIVE}")[0],), ["PGH-X003"])],
)
def test_what_cleans_such_rows_may_be_allowed(
    up: tuple[str, ...], unused: list[str], judge_chain: Callable[..., Run]
) -> None:
    item = table(
        "item", SETUP.replace("deleted_at timestamptz", "deleted_at timestamptz CHECK (deleted_at > '2000-01-01')")
    )
    changes = Revision("changes", sql(*up), sql("DROP INDEX added"), ALLOWS)

    run = judge_chain(item, changes, only=("upgrade", "data"))

    assert [one.code for one in run.report.findings] == unused


ASKS = "bad = op.get_bind().scalar(sa.text('SELECT count(*) FROM item WHERE n < 0'))\n"


@pytest.mark.parametrize(
    ("raises", "codes"),
    [
        ("if bad:\n    raise ValueError(f'{bad} numbers are negative')", []),
        ("if bad:\n    raise SystemExit(f'{bad} numbers are negative')", []),
        ("assert not bad, 'numbers are negative'", []),
        ("[1, 2][2 * bad]", ["PGH-U002"]),
    ],
)
def test_what_raises_for_such_rows_refuses_them(raises: str, codes: list[str], judge_chain: Callable[..., Run]) -> None:
    item = table("item", "id bigint PRIMARY KEY, n integer CHECK (n > -2)")
    adds, drops = _adds("CHECK (n >= 0)")
    changes = Revision("changes", f"{ASKS}{raises}\n{sql(adds)}", sql(drops))

    report = judge_chain(item, changes, only=("upgrade", "data")).report

    assert [one.code for one in report.findings] == codes
    assert any("upgrade() refuses rows that were made for it" in one.message for one in report.notes) == (not codes)
