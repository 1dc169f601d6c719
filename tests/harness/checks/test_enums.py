"""`enums`: Python enums, PostgreSQL enums and their order agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MODELS = "bookshop.py"
BOOK = "versions/0002_add_book.py"
COUNTRY = "versions/0003_add_country.py"

SLIPS = [
    pytest.param(
        {BOOK: ("AS ENUM ('hard', 'soft', 'leather')", "AS ENUM ('soft', 'hard', 'leather')")},
        "0002",
        "type public.cover",
        "op.execute(\"CREATE TYPE public.cover AS ENUM ('hard', 'soft', 'leather')\")",
        id="an enum whose labels stand in another order",
    ),
    pytest.param(
        {BOOK: ("AS ENUM ('hard', 'soft', 'leather')", "AS ENUM ('hard', 'leather')")},
        "0002",
        "type public.cover",
        "ALTER TYPE public.cover ADD VALUE IF NOT EXISTS 'soft' AFTER 'hard'",
        id="an enum label that the database lacks",
    ),
    pytest.param(
        {MODELS: (", values_callable=lambda cover: [one.value for one in cover]", "")},
        "0002",
        "type public.cover",
        "ALTER TYPE public.cover RENAME VALUE 'hard' TO 'HARD'",
        id="a type whose labels are the names of the Python enum, not its values",
    ),
    pytest.param(
        {BOOK: ("AS ENUM ('hard', 'soft', 'leather')", "AS ENUM ('soft', 'leather')")},
        "0002",
        "type public.cover",
        "ALTER TYPE public.cover ADD VALUE IF NOT EXISTS 'hard' BEFORE 'soft'",
        id="a first label that the database lacks",
    ),
    pytest.param(
        {BOOK: ("AS ENUM ('hard', 'soft', 'leather')", "AS ENUM ('hard', 'soft', 'leather', 'paper')")},
        "0002",
        "type public.cover",
        "op.execute(\"CREATE TYPE public.cover AS ENUM ('hard', 'soft', 'leather')\")",
        id="a label that only the database has",
    ),
    pytest.param(
        {MODELS: ('name="cover", values', 'name="binding", values')},
        None,
        "type public.binding",
        "ALTER TYPE public.cover RENAME TO binding",
        id="a type that the database calls otherwise",
    ),
    pytest.param(
        {
            MODELS: (
                'sa.Enum(Cover, name="cover", values_callable=lambda cover: [one.value for one in cover])',
                'sa.ARRAY(sa.Enum("soft", "hard", name="cover"))',
            )
        },
        "0002",
        "type public.cover",
        "op.execute(\"CREATE TYPE public.cover AS ENUM ('soft', 'hard')\")",
        id="an enum within an array",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("enums", edits)}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


def test_a_second_name_of_a_member_is_no_label(found: Callable[..., Any]) -> None:
    assert found("enums", {MODELS: ('    LEATHER = "leather"', '    LEATHER = "leather"\n    FINE = "leather"')}) == []


@pytest.mark.parametrize("name", ["Cover", "position", "a cover"])
def test_a_type_whose_name_needs_quotes_is_compared(name: str, found: Callable[..., Any]) -> None:
    renamed = f"def upgrade():\n    op.execute('ALTER TYPE cover RENAME TO \"{name}\"')"

    assert (
        found(
            "enums",
            {MODELS: ('name="cover", values', f'name="{name}", values'), COUNTRY: ("def upgrade():", renamed)},
        )
        == []
    )


DECORATED = """class Covered(sa.TypeDecorator):
    impl = sa.Enum("hard", name="cover")
    cache_ok = True


class Shelf(Base):
    __tablename__ = "shelf"

    id: Mapped[int] = mapped_column(primary_key=True)
    cover = mapped_column(Covered())


class Author(Base):"""


def test_an_enum_beneath_a_decorator_is_compared(found: Callable[..., Any]) -> None:
    (finding,) = found("enums", {MODELS: ("class Author(Base):", DECORATED)})

    assert finding.message == "Compared with the models, the database has the extra 'soft', 'leather'."
