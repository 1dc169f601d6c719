"""The entity-relationship diagram is that of the models."""

from __future__ import annotations

from pathlib import Path

from flowforge_schema.base import Base
from flowforge_schema.models.diagram import render_page

PAGE = Path(__file__).parents[2] / "docs/tables.md"


def test_the_page_is_what_the_models_are() -> None:
    assert PAGE.read_text("utf-8") == render_page(), "python -m flowforge_schema.models.diagram > docs/tables.md"


def test_each_foreign_key_is_a_line_of_the_diagram() -> None:
    keys = sum(len(table.foreign_key_constraints) for table in Base.metadata.tables.values())

    assert sum(" : " in line for line in render_page().splitlines()) == keys > 0


def test_a_run_is_shown_with_what_it_belongs_to() -> None:
    text = render_page()

    assert '  workflows ||--o{ workflow_runs : "workflow_id"\n' in text
    assert '  users ||..o{ workflow_runs : "triggered_by"\n' in text
    assert "    uuid id PK\n" in text
    assert '  workflow_runs ||--o| workflow_run_claims : "run_id"\n' in text
