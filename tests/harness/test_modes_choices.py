"""Which starts and which orders of branches are tried within a budget, and how a script is cut into statements."""

from __future__ import annotations

from pgharness.experiments.orders import begin_of_orders, choose_orders
from pgharness.experiments.psql import statements_of
from pgharness.experiments.starts import choose_starts
from pgharness.records.revisions import Chain, Revision
from pgharness.settings import Settings


def chain(**above: str) -> Chain:
    """Return a chain of these revisions, each with the letters of those that it builds upon."""
    revisions = tuple(Revision(name, name, f"{name}.py", tuple(before)) for name, before in above.items())
    return Chain(revisions, (revisions[-1].revision,), (revisions[0].revision,))


LINE = chain(a="", b="a", c="b", d="c", e="d", f="e", g="f", h="g", i="h", j="i")
BRANCHES = chain(a="", b="a", c="b", x="a", y="x", m="cy", n="m")


def test_every_start_is_tried_where_the_budget_allows() -> None:
    starts = choose_starts([one.revision for one in LINE.revisions], Settings(modes_budget=45))

    assert (starts.chosen, starts.left_out) == (tuple("abcdefghi"), "")


def test_else_those_are_tried_whose_way_is_a_power_of_two_and_it_is_said() -> None:
    starts = choose_starts([one.revision for one in LINE.revisions], Settings(modes_budget=8))

    assert starts.chosen == ("f", "h", "i")
    assert starts.left_out == (
        "an upgrade straight to the heads was tried from 3 of 9 revisions; modes_budget = 45 tries all"
    )


def test_what_is_since_a_revision_is_tried_from_everywhere() -> None:
    assert choose_starts([one.revision for one in LINE.revisions], Settings(modes_budget=3, since="f")).chosen == (
        "f",
        "g",
        "h",
        "i",
    )


def test_a_line_has_one_order() -> None:
    assert begin_of_orders(LINE) is None


def test_all_orders_of_branches_are_tried_where_the_budget_allows() -> None:
    begin = begin_of_orders(BRANCHES)

    assert begin == ("a",)
    orders, left_out = choose_orders(BRANCHES, begin, 100)

    assert (len(orders), len(set(orders)), left_out) == (6, 6, "")
    assert orders[0] == tuple("bcxymn")
    assert all(order[-2:] == ("m", "n") for order in orders)


def test_else_each_branch_comes_first_once_and_the_rest_is_a_sample() -> None:
    orders, left_out = choose_orders(BRANCHES, ("a",), 18)

    assert orders[:2] == [tuple("bcxymn"), tuple("xybcmn")]
    assert len(orders) == len(set(orders)) == 3
    assert left_out.startswith("3 orders of the branches were tried of more")


def test_a_script_is_cut_where_psql_cuts_it() -> None:
    script = """
        -- why
        CREATE FUNCTION one() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
        INSERT INTO t VALUES (';', /* ; */ $$;$$) ;
        COMMIT;
    """

    assert [statement.split()[0] for statement in statements_of(script)] == ["CREATE", "INSERT", "COMMIT"]
