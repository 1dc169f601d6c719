"""Models that nobody imports are found beside those of a project that is installed, and never in a library."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgharness.agent.unimported import unimported_tables

MODELS = "from sqlalchemy import MetaData\nmetadata = MetaData()\n"
FORGOTTEN = "class Job:\n    __tablename__ = 'jobs'\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a package with models, of which one module is imported."""
    package = tmp_path / "site-packages" / "shop_as_installed"
    (package / "migrations" / "versions").mkdir(parents=True)
    for name, text in (("__init__", ""), ("models", MODELS), ("jobs", FORGOTTEN)):
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    importlib.import_module("shop_as_installed.models")
    yield package
    for name in [one for one in sys.modules if one.startswith("shop_as_installed")]:
        del sys.modules[name]


def test_a_package_that_brings_its_revisions_is_the_projects_though_it_is_installed(installed: Path) -> None:
    metadata = [sys.modules["shop_as_installed.models"].metadata]

    assert unimported_tables(metadata, [str(installed / "migrations" / "versions")]) == [
        {"table": "jobs", "module": "shop_as_installed.jobs"}
    ]


@pytest.mark.usefixtures("installed")
def test_a_library_that_a_project_of_its_own_uses_is_left_alone(tmp_path: Path) -> None:
    metadata = [sys.modules["shop_as_installed.models"].metadata]

    assert unimported_tables(metadata, [str(tmp_path / "mine" / "versions")]) == []


LAZY = """\
from sqlalchemy import MetaData


class Lazy:
    @property
    def __dict__(self):
        raise RuntimeError("working outside of application context")


current = Lazy()
metadata = MetaData()
"""


def test_a_name_that_stands_for_what_is_not_there_yet_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lazy_shop.py").write_text(LAZY, encoding="utf-8")
    (tmp_path / "lazy_jobs.py").write_text(FORGOTTEN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("lazy_shop")
    monkeypatch.delitem(sys.modules, "lazy_shop")
    monkeypatch.setitem(sys.modules, "lazy_shop", module)

    assert {"table": "jobs", "module": "lazy_jobs"} in unimported_tables([module.metadata], [])
