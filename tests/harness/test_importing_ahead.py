"""What runs import is imported once, also where a later run imports more, and where env.py reads tables of the database into its models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.chain.project import open_project
from pgharness.databases import Databases
from pgharness.servers import Server
from pgharness.settings import load_settings

TOML = "[tool.pgharness]\nenvironment = { SHOP_URL = '{url}' }"
SETTINGS = "import os\nurl = os.environ['SHOP_URL']\nopen('settings.log', 'a').write('imported\\n')\n"
MORE = "import shop_settings\nopen('more.log', 'a').write('imported\\n')\n"
ENV = """
import shop_settings
from alembic import context
from sqlalchemy import MetaData, Table, create_engine, inspect

metadata = MetaData()
with create_engine(shop_settings.url).connect() as connection:
    {reads}
    connection.rollback()
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
READS_THE_VERSION_TABLE = """\
if inspect(connection).has_table("alembic_version"):
        Table("alembic_version", metadata, autoload_with=connection)
"""


@pytest.mark.parametrize(
    ("reads", "imports"),
    [
        pytest.param("", "import shop_more", id="a later run imports more"),
        pytest.param(READS_THE_VERSION_TABLE, "", id="env.py reads a table that only a later run has"),
    ],
)
def test_modules_stay_imported_ahead_where(
    reads: str, imports: str, example: Callable[..., Path], pg_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = "def upgrade():\n"
    edits = {
        "shop_settings.py": SETTINGS,
        "shop_more.py": MORE,
        "env.py": ENV.format(reads=reads),
        "pyproject.toml": TOML,
        "versions/0002_add_book.py": (upgrade, f"{upgrade}    {imports}\n"),
    }
    monkeypatch.chdir(example(edits=edits))
    project = open_project(load_settings(None))
    revisions = [one.revision for one in project.chain.revisions]

    with project.runs.agent, Databases(pg_server) as databases:
        with databases.experiment("first") as first, converse(project, first):
            pass  # what env.py imports is imported ahead from now on, and first stands for any database
        with databases.experiment("second") as second:
            for revision_id in revisions:
                with converse(project, second) as conversation:
                    (step,) = conversation.steps([(revision_id, UP)], apart=True)
                    assert step.failure is None
            with converse(project, second):
                pass

    assert len(Path("settings.log").read_text(encoding="utf-8").splitlines()) == 2  # one run, and one for all that come
    assert not imports or len(Path("more.log").read_text(encoding="utf-8").splitlines()) <= 2
