"""The page of settings is current, and each of its examples is read as a setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pgharness.cli.settings_page import EXAMPLES, page
from pgharness.settings import Settings, load_settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_of_settings_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m pgharness.cli.settings_page > docs/settings.md"


def test_each_setting_is_described_with_its_variable_and_an_example() -> None:
    sections = dict(re.findall(r"\n## (\w+)\n\n(.+)\n", page()))

    assert sections.keys() == Settings.model_fields.keys() == EXAMPLES.keys()


def test_an_option_is_told_where_there_is_one() -> None:
    assert "| option | `--head` |" in page().partition("## heads\n")[2].partition("\n## ")[0]
    assert "| option | none |" in page().partition("## driver\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_read_as_a_setting(name: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[tool.pgharness]\n{name} = {EXAMPLES[name]}\n", encoding="utf-8")

    assert getattr(load_settings(file), name) != Settings.model_fields[name].get_default(
        call_default_factory=True, validated_data={}
    )
