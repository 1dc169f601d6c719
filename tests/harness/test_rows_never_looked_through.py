"""VALIDATE CONSTRAINT meets rows that stood there before the condition was added NOT VALID, unless something has cleaned them meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

ITEM = table("item", "id bigint PRIMARY KEY, n integer, s text")
LEFT_OPEN = Revision(
    "left_open",
    sql("ALTER TABLE item ADD CONSTRAINT positive CHECK (n > 0) NOT VALID"),
    sql("ALTER TABLE item DROP CONSTRAINT positive"),
)
VALIDATE = "ALTER TABLE item VALIDATE CONSTRAINT positive"
CLEAN = "UPDATE item SET n = 1 WHERE n < 1"
OPEN_AGAIN = sql(
    "ALTER TABLE item DROP CONSTRAINT positive", "ALTER TABLE item ADD CONSTRAINT positive CHECK (n > 0) NOT VALID"
)
BETWEEN = Revision("between", sql("ALTER TABLE item ADD more text"), sql("ALTER TABLE item DROP more"))


@pytest.mark.parametrize("down", [OPEN_AGAIN, "pass", "raise NotImplementedError"])
def test_a_condition_is_validated_on_rows_that_stood_before_it(down: str, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(ITEM, LEFT_OPEN, BETWEEN, Revision("validates", sql(VALIDATE), down), only=("upgrade",))

    (found,) = run.report.findings
    assert (found.revision, found.code) == ("validates", "PGH-U002")
    assert "where a row violates positive" in found.message
    assert "n is '0', which CHECK ((n > 0)) refuses" in found.evidence
    assert "SELECT count(*) FROM item WHERE NOT ((n > 0))" in found.mend
    assert "before VALIDATE" in found.mend


def test_a_key_is_validated_on_rows_that_lead_nowhere(judge_chain: Callable[..., Run]) -> None:
    key = "ALTER TABLE item ADD CONSTRAINT of_shop FOREIGN KEY (n) REFERENCES shop (id) NOT VALID"
    left_open = Revision("left_open", sql(key), sql("ALTER TABLE item DROP CONSTRAINT of_shop"))
    validates = Revision("validates", sql("ALTER TABLE item VALIDATE CONSTRAINT of_shop"))

    run = judge_chain(table("shop", "id integer PRIMARY KEY"), ITEM, left_open, validates, only=("upgrade",))

    (found,) = run.report.findings
    assert (found.revision, found.code) == ("validates", "PGH-U002")
    assert "AS parent WHERE parent.id = child.n)" in found.mend


def _behind_sqlalchemy(statement: str) -> str:
    return f"op.get_bind().connection.cursor().execute({statement!r})"


SOUND = {
    "cleaned where it is validated": (LEFT_OPEN, Revision("validates", sql(CLEAN, VALIDATE), OPEN_AGAIN)),
    "cleaned in between": (LEFT_OPEN, Revision("cleans", sql(CLEAN)), Revision("validates", sql(VALIDATE), OPEN_AGAIN)),
    "cleaned by a block": (
        LEFT_OPEN,
        Revision("cleans", sql(f"DO $$ BEGIN {CLEAN}; END $$")),
        Revision("validates", sql(VALIDATE), OPEN_AGAIN),
    ),
    "cleaned by the driver itself": (
        LEFT_OPEN,
        Revision("cleans", _behind_sqlalchemy(CLEAN)),
        Revision("validates", sql(VALIDATE), OPEN_AGAIN),
    ),
    "cleaned where it is added": (
        Revision("left_open", f"{sql(CLEAN)}\n{LEFT_OPEN.up}", LEFT_OPEN.down),
        Revision("validates", sql(VALIDATE), OPEN_AGAIN),
    ),
    "cleaned before it is added": (
        Revision("cleans", sql(CLEAN)),
        LEFT_OPEN,
        Revision("validates", sql(VALIDATE), OPEN_AGAIN),
    ),
    "of a column that comes with it": (
        Revision(
            "left_open",
            sql("ALTER TABLE item ADD m integer", "ALTER TABLE item ADD CONSTRAINT positive CHECK (m > 0) NOT VALID"),
            sql("ALTER TABLE item DROP m"),
        ),
        Revision("validates", sql(VALIDATE), OPEN_AGAIN.replace("n > 0", "m > 0")),
    ),
    "of what another condition refused": (
        Revision(
            "stricter",
            sql(CLEAN, "ALTER TABLE item ADD CONSTRAINT at_least CHECK (n >= 1)"),
            sql("ALTER TABLE item DROP CONSTRAINT at_least"),
        ),
        Revision(
            "left_open",
            sql(
                "ALTER TABLE item DROP CONSTRAINT at_least",
                "ALTER TABLE item ADD CONSTRAINT positive CHECK (n > 0) NOT VALID",
            ),
            sql("ALTER TABLE item DROP CONSTRAINT positive", "ALTER TABLE item ADD CONSTRAINT at_least CHECK (n >= 1)"),
        ),
        Revision("validates", sql(VALIDATE), OPEN_AGAIN),
    ),
}


@pytest.mark.parametrize("case", SOUND)
def test_rows_that_cannot_stand_there_any_more_are_not_made(case: str, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(ITEM, *SOUND[case], only=("upgrade", "roundtrip"))

    assert [(one.revision, one.code, one.message) for one in run.report.findings] == []


def test_the_condition_is_as_it_was_behind_the_trial(judge_chain: Callable[..., Run]) -> None:
    commented = Revision(
        "left_open",
        f"{LEFT_OPEN.up}\n{sql('COMMENT ON CONSTRAINT positive ON item IS $$more than none$$')}",
        LEFT_OPEN.down,
    )
    behind = Revision("behind", sql("COMMENT ON TABLE item IS 'x'"), sql("COMMENT ON TABLE item IS NULL"))

    run = judge_chain(
        ITEM, commented, Revision("validates", sql(CLEAN, VALIDATE)), behind, only=("upgrade", "roundtrip")
    )

    assert [(one.revision, one.code) for one in run.report.findings] == []
