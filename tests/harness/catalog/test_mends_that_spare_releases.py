"""What gives a column its values, or holds them, is kept, and declared in the model, before it is taken away."""

from __future__ import annotations

import pytest

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import ObjectKey
from pgharness.describing.differences import Told
from pgharness.describing.proposals import Proposal, mend_migrations

MAY_WAIT = 'allow = {"locks": "<why it may wait while each row is written anew>"}'
GONE = 'after_deploy = "<why no release that uses it as it was runs any more>"'
COLUMN = ObjectKey("column", "public.a.x")


def mend(*differences: tuple[str, str | None, str | None]) -> str:
    """Return what is told of a column that differs in these properties."""
    found = tuple(Difference(*COLUMN, name, left, right) for name, left, right in differences)
    return mend_migrations(Told(*COLUMN, None, None, found, "", ""), {COLUMN: Proposal(("op.alter()",), "")})


@pytest.mark.parametrize(
    ("name", "value", "declared"),
    [
        ("default", "'a'::text", "server_default=sa.text(\"'a'::text\")"),
        ("identity", "always", "sa.Identity(always=True)"),
        ("identity", "by default", "sa.Identity()"),
        ("generated", "(lower(x)) STORED", 'sa.Computed("(lower(x))", persisted=True)'),
        ("generated", "(lower(x)) VIRTUAL", 'sa.Computed("(lower(x))", persisted=False)'),
    ],
)
def test_what_the_models_lack_is_first_declared_in_the_model(name: str, value: str, declared: str) -> None:
    assert mend((name, value, None)) == (
        f"declare it in the model: {declared}; or, once no release counts on it, write a revision: op.alter()"
    )


@pytest.mark.parametrize(
    ("held", "modelled", "declared"),
    [
        ("bigint", "integer", "sa.BigInteger()"),
        ("integer", "smallint", "sa.Integer()"),
        ("character varying", "character varying(7)", "sa.String()"),
        ("text", "character varying(7)", "sa.Text()"),
        ("character varying(9)", "character varying(7)", "sa.String(9)"),
    ],
)
def test_a_model_that_holds_less_than_the_database_is_widened_before_rows_are_refused(
    held: str, modelled: str, declared: str
) -> None:
    assert mend(("type", held, modelled)) == (
        f"declare it in the model: {declared}; or, where every value fits, write a revision: op.alter(); and beside upgrade(): {MAY_WAIT}"
    )


@pytest.mark.parametrize(
    "differences",
    [
        (("type", "character varying(7)", "character varying(9)"),),
        (("type", "character varying(7)", "text"),),
        (("default", None, "1"),),
        (("default", "1", "2"),),
        (("default", "nextval('s'::regclass)", None), ("identity", None, "always")),
    ],
)
def test_what_the_models_say_otherwise_is_written_into_a_revision(
    differences: tuple[tuple[str, str | None, str | None], ...],
) -> None:
    assert mend(*differences) == "write a revision: op.alter(); or correct the models"


@pytest.mark.parametrize(
    ("before", "after", "declared"),
    [
        ("jsonb", "json", f"{MAY_WAIT}, {GONE}"),
        ("bigint", "text", f"{MAY_WAIT}, {GONE}"),
        ("integer", "bigint", MAY_WAIT),
    ],
)
def test_what_only_the_author_knows_of_another_type_is_to_be_declared(before: str, after: str, declared: str) -> None:
    assert mend(("type", before, after)) == (
        f"write a revision: op.alter(); and beside upgrade(): {declared}; or correct the models"
    )
