from __future__ import annotations

from pathlib import Path

from flowforge_schema import errors
from flowforge_schema.errors.table import render_table
from flowforge_schema.errors.tree import AppError

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def kinds(error: type[AppError]) -> list[type[AppError]]:
    return [error, *(kind for child in error.__subclasses__() for kind in kinds(child))]


def test_the_page_of_errors_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == render_table(), "python -m flowforge_schema.errors.table > docs/errors.md"


def test_every_error_has_a_code_of_its_own() -> None:
    own = [kind for kind in kinds(AppError) if kind.__module__.startswith("flowforge_schema.")]

    assert len({kind.code for kind in own}) == len(own)


def test_every_error_can_be_imported_from_the_top() -> None:
    import flowforge_schema

    own = {kind.__name__ for kind in kinds(AppError) if kind.__module__ == "flowforge_schema.errors.tree"}

    assert own <= set(flowforge_schema.__all__) & set(errors.__all__)
