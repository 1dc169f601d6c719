"""A project whose program runs revisions without env.py and ini is told both, and they are enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.conftest import Ended

REVISION = """\
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE a (id int PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE a")
"""
FILE = re.compile(r"# (?P<path>/\S+)\n(?P<text>.*?)(?=# /|and name the models)", re.DOTALL)


def project(folder: Path, program: str) -> Path:
    """Write a program beside its revisions."""
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_a.py").write_text(REVISION, encoding="utf-8")
    (folder / "shop.py").write_text(program, encoding="utf-8")
    return folder


@pytest.mark.parametrize("ini", [None, "", "[alembic]\nscript_location = %(here)s/migrations\n"])
def test_a_project_of_flask_alembic_is_told_an_env_py_that_runs(
    ini: str | None, tmp_path: Path, quiet_url: str, command_line: Callable[..., Ended]
) -> None:
    folder = project(tmp_path, "from flask_alembic import Alembic\n\nalembic = Alembic()\n")
    if ini is not None:
        (folder / "alembic.ini").write_text(ini, encoding="utf-8")
    arguments = ("check", "--alembic", folder / "alembic.ini", "--server", quiet_url, "--only", "upgrade")

    told = command_line(*arguments)
    for file in FILE.finditer(told.err):
        Path(file["path"]).parent.mkdir(exist_ok=True)
        Path(file["path"]).write_text(file["text"], encoding="utf-8")
    typed = command_line(*arguments)

    assert told.code == 2
    assert "Flask-Alembic runs revisions without an env.py" in told.err
    assert (typed.code, typed.err) == (0, "")
    assert "OK: no findings in 1 revision" in typed.out


def test_another_project_without_env_py_is_told_how_one_is_made(
    tmp_path: Path, quiet_url: str, command_line: Callable[..., Ended]
) -> None:
    folder = project(tmp_path, "import flask\n")

    absent = command_line("check", "--alembic", folder / "alembic.ini", "--server", quiet_url)
    (folder / "alembic.ini").write_text("", encoding="utf-8")
    empty = command_line("check", "--alembic", folder / "alembic.ini", "--server", quiet_url)

    assert (absent.code, empty.code) == (2, 2)
    assert "--alembic PATH" in absent.err
    assert "write the section [alembic] into it" in empty.err
