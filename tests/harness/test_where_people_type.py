"""The command line where people really are: in a folder of their project, in an old terminal, with a finger on Ctrl-C."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness import cli

Check = Callable[..., Any]
GRAPH = ("--only", "graph")
CONFIGURED = {"pyproject.toml": "[tool.pgharness]\n"}


def test_a_check_in_a_folder_of_the_project_is_a_check_of_the_project(
    example: Callable[..., Path], command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = example(edits=CONFIGURED)
    monkeypatch.chdir(project / "versions")

    ended = command_line("check", "--server", quiet_url, *GRAPH, "--format", "json", "--output", "report.json")

    assert (ended.code, ended.err) == (0, f"using {project / 'pyproject.toml'}\n")
    assert json.loads((project / "versions/report.json").read_text())["passed"] is True


def test_no_project_is_looked_for_above_the_repository(
    example: Callable[..., Path], command_line: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = example(edits=CONFIGURED)
    other = project / "vendored"
    (other / ".git").mkdir(parents=True)
    monkeypatch.chdir(other)

    ended = command_line("check", *GRAPH)

    assert ended.code == 2
    assert "using" not in ended.err


def test_an_alembic_ini_here_is_taken_before_a_project_above(
    example: Callable[..., Path], command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = example()
    (project.parent / "pyproject.toml").write_text('[tool.pgharness]\nalembic = "missing.ini"\n')
    monkeypatch.chdir(project)

    ended = command_line("check", "--server", quiet_url, *GRAPH)

    assert (ended.code, ended.err) == (0, "")


def test_the_alembic_configuration_lies_beside_the_configuration_that_is_named(
    example: Callable[..., Path], command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = example(edits=CONFIGURED)
    monkeypatch.chdir(tmp_path)

    ended = command_line("check", "--config", project / "pyproject.toml", "--server", quiet_url, *GRAPH)

    assert ended.code == 0


def test_a_terminal_without_unicode_gets_plain_signs(example: Callable[..., Path], quiet_url: str) -> None:
    command = [sys.executable, "-m", "pgharness", "check", "--server", quiet_url, *GRAPH]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "COLUMNS": ""}

    ended = subprocess.run(command, cwd=example(), env=environment, capture_output=True, encoding="cp1252", check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "|0001_add_author  |   +   |" in ended.stdout


@pytest.mark.parametrize("command", [("explain",), ("explain", "PGH-W006")])
def test_whatever_is_printed_fits_a_terminal_without_unicode(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-m", "pgharness", *command]

    ended = subprocess.run(program, env=environment, capture_output=True, encoding="ascii", check=False)

    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)


def test_an_interrupt_before_the_program_is_loaded_ends_it_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def __getattr__(self, _name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "pgharness.cli.app", Interrupted())

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, capsys.readouterr().err) == (130, "Interrupted.\n")


def test_an_interrupted_comparison_does_not_end_like_one_with_differences(
    command_line: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pgharness.cli.comparing.compare_and_tell", interrupt)

    ended = command_line("diff", "postgresql://127.0.0.1/left", "postgresql://127.0.0.1/right")

    assert (ended.code, ended.err) == (130, "Interrupted.\n")


def test_settings_of_another_project_do_not_hold_for_the_one_that_is_named(
    example: Callable[..., Path], command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = example()
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "pyproject.toml").write_text('[tool.pgharness]\nmetadata = "no_such_module:metadata"\n')
    monkeypatch.chdir(ours)

    ended = command_line("check", "--alembic", project / "alembic.ini", "--server", quiet_url, "--only", "drift")

    assert ended.code == 0
    assert ended.err.startswith(f"not using {ours / 'pyproject.toml'}, which is of another project than ")


def test_settings_above_the_configuration_that_is_named_hold_for_it(
    example: Callable[..., Path], command_line: Check, quiet_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = example(edits=CONFIGURED)
    monkeypatch.chdir(tmp_path)

    ended = command_line("check", "--alembic", project / "alembic.ini", "--server", quiet_url, *GRAPH)

    assert (ended.code, ended.err) == (0, f"using {project / 'pyproject.toml'}\n")
