"""Which Python runs a project: the one that is named, the active environment, one beside the ini, or our own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.chain.interpreter import choose_interpreter, is_own
from pgharness.findings import CannotRun
from pgharness.settings import load_settings

OWN = Path(sys.executable)


@pytest.fixture
def make_environment(tmp_path: Path) -> Callable[..., Path]:
    """Make a virtual environment without pip, and give its folder; packages are no more than names and versions."""

    def make(name: str, **packages: str) -> Path:
        folder = tmp_path / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        site = next(folder.glob("lib/python*/site-packages"))
        for package, version in packages.items():
            (site / package).mkdir()
            (site / package / "__init__.py").touch()
            (site / f"{package}-{version}.dist-info").mkdir()
            metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
            (site / f"{package}-{version}.dist-info" / "METADATA").write_text(metadata)
        return folder

    return make


@pytest.fixture
def with_alembic(make_environment: Callable[..., Path]) -> Callable[[str], Path]:
    """Make an environment that looks as if Alembic were there."""
    return lambda name: make_environment(name, alembic="1.16.5", sqlalchemy="2.0.44")


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    """Return the ini of a project in a repository."""
    (tmp_path / "project" / ".git").mkdir(parents=True)
    return tmp_path / "project" / "alembic.ini"


@pytest.fixture
def own_without_alembic(make_environment: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let our own Python be one that has no Alembic."""
    own = make_environment("own") / "bin" / "python"
    monkeypatch.setattr("sys.executable", str(own))
    monkeypatch.setattr("pgharness.chain.interpreter.find_spec", lambda _name: None)
    return own


@pytest.fixture(autouse=True)
def _no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def refused(*arguments: Any, **options: Any) -> CannotRun:
    with pytest.raises(CannotRun) as caught:
        choose_interpreter(*arguments, **options)
    return caught.value


def test_a_file_that_is_named_is_taken(with_alembic: Callable[[str], Path], ini: Path) -> None:
    python = with_alembic("elsewhere") / "bin" / "python"

    assert choose_interpreter(python, ini) == python


def test_a_virtual_environment_that_is_named_gives_its_python(
    with_alembic: Callable[[str], Path], ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_alembic("elsewhere")
    monkeypatch.chdir(folder.parent)

    assert choose_interpreter(Path("elsewhere"), ini) == folder / "bin" / "python"


def test_a_name_is_looked_for_on_the_path(
    with_alembic: Callable[[str], Path], ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_alembic("elsewhere")
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")

    assert choose_interpreter(Path("python3"), ini) == folder / "bin" / "python3"


def test_one_that_is_missing_is_told_with_the_place(ini: Path, tmp_path: Path) -> None:
    reason = refused(tmp_path / "gone" / "bin" / "python", ini)

    assert reason.what == f"Python interpreter {tmp_path}/gone/bin/python not found."
    assert reason.seen == f"looked for {tmp_path}/gone/bin/python"


def test_a_name_that_is_missing_is_told_with_both_places(ini: Path, tmp_path: Path) -> None:
    assert refused(Path("python9"), ini).seen == f"looked for {tmp_path}/python9, and for that name on the PATH"


def test_a_file_that_is_no_interpreter_is_not_told_to_install_anything(ini: Path, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("", encoding="utf-8")

    reason = refused(tmp_path / "models.py", ini)

    assert "it does not run" in reason.seen
    assert reason.mend == "name the project's own interpreter: --python .venv/bin/python"


def test_a_folder_without_a_python_is_told_with_the_file_that_it_should_have(ini: Path, tmp_path: Path) -> None:
    assert refused(tmp_path, ini).seen == f"looked for {tmp_path}/bin/python"


@pytest.mark.parametrize(
    ("packages", "why"),
    [
        ({}, "it has no alembic"),
        ({"alembic": "1.16.5"}, "it has no sqlalchemy"),
        ({"alembic": "1.7.7", "sqlalchemy": "1.4.54"}, "it has alembic 1.7.7, older than 1.8"),
        ({"alembic": "1.8.1", "sqlalchemy": "1.3.24"}, "it has sqlalchemy 1.3.24, older than 1.4"),
    ],
    ids=str,
)
def test_one_that_is_named_and_lacks_something_is_told_with_what_it_lacks(
    packages: dict[str, str], why: str, make_environment: Callable[..., Path], ini: Path
) -> None:
    python = make_environment("elsewhere", **packages) / "bin" / "python"

    assert refused(python, ini).seen == f"{python}: {why}"


def test_an_old_sqlalchemy_is_not_told_to_install_alembic(make_environment: Callable[..., Path], ini: Path) -> None:
    python = make_environment("elsewhere", alembic="1.8.1", sqlalchemy="1.3.24") / "bin" / "python"

    assert refused(python, ini).mend.startswith(
        "bring the project to Python 3.9, Alembic 1.8 and SQLAlchemy 1.4 or newer"
    )


def test_a_program_that_is_no_python_is_told_in_its_own_words(ini: Path, tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text("#!/bin/sh\necho 'python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)

    assert refused(shim, ini).seen == f"{shim}: python3.12: command not found"


def test_a_file_that_is_no_program_is_told_so(ini: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()

    assert f"{tmp_path}/README.md: it does not run" in refused(tmp_path / "README.md", ini).seen


def test_a_folder_alembic_is_not_taken_for_alembic(
    make_environment: Callable[..., Path], ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ini.parent / "alembic").mkdir()
    (ini.parent / "alembic" / "__init__.py").touch()
    monkeypatch.chdir(ini.parent)
    python = make_environment("elsewhere", sqlalchemy="2.0.44") / "bin" / "python"

    assert refused(python, ini).seen == f"{python}: it has no alembic"


def test_the_active_environment_comes_before_the_one_beside_the_ini(
    with_alembic: Callable[[str], Path], ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_alembic("project/.venv")
    active = with_alembic("active")
    monkeypatch.setenv("VIRTUAL_ENV", str(active))

    assert choose_interpreter(None, ini) == active / "bin" / "python"


def test_the_environment_beside_the_ini_comes_before_our_own(with_alembic: Callable[[str], Path], ini: Path) -> None:
    beside = with_alembic("project/.venv")

    assert choose_interpreter(None, ini) == beside / "bin" / "python"


def test_the_environment_of_the_project_is_found_from_an_ini_in_a_folder_below(
    with_alembic: Callable[[str], Path], ini: Path
) -> None:
    beside = with_alembic("project/venv")

    assert choose_interpreter(None, ini.parent / "database" / "alembic.ini") == beside / "bin" / "python"


def test_an_environment_above_the_project_is_none_of_its(with_alembic: Callable[[str], Path], ini: Path) -> None:
    with_alembic(".venv")

    assert choose_interpreter(None, ini) == OWN


def test_an_active_environment_without_alembic_is_passed_over(
    make_environment: Callable[..., Path], ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(make_environment("active")))

    assert choose_interpreter(None, ini) == OWN


def test_in_pytest_our_own_comes_first(with_alembic: Callable[[str], Path], ini: Path) -> None:
    with_alembic("project/.venv")

    assert choose_interpreter(None, ini, own_first=True) == OWN


def test_where_none_serves_all_places_are_told_with_what_each_lacks(
    make_environment: Callable[..., Path], own_without_alembic: Path, ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(ini.parent.parent / "gone"))
    beside = make_environment("project/.venv", sqlalchemy="2.0.44")

    assert refused(None, ini).seen == (
        f"looked in VIRTUAL_ENV ({ini.parent.parent}/gone/bin/python: there is none); "
        f"{beside} ({beside}/bin/python: it has no alembic); our own Python ({own_without_alembic}: it has no alembic)"
    )


def test_two_environments_of_one_binary_are_two(make_environment: Callable[..., Path]) -> None:
    one = make_environment("one") / "bin" / "python"

    assert one.resolve() == OWN.resolve()
    assert not is_own(one)


def test_our_own_environment_is_known_by_each_name_of_its_python_and_through_links(tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(Path(sys.prefix))

    assert is_own(OWN)
    assert is_own(tmp_path / "linked" / "bin" / "python")
    assert is_own(Path(sys.prefix) / "bin" / "python3")


@pytest.mark.parametrize(
    ("written", "expected"), [("../.venv", "{folder}/../.venv"), ("python3", "python3")], ids=["folder", "name"]
)
def test_python_in_the_settings_is_a_path_beside_them_or_a_name(written: str, expected: str, tmp_path: Path) -> None:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'[tool.pgharness]\npython = "{written}"\n')

    assert load_settings(folder / "pyproject.toml").python == Path(expected.format(folder=folder))


def test_the_option_wins_over_python_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pgharness]\npython = ".venv"\n')

    assert load_settings(None, python=Path("other")).python == Path("other")
