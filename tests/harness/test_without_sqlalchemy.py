"""Servers and databases are had without SQLAlchemy, whose version is the project's own affair."""

from __future__ import annotations

import subprocess
import sys

WORK = """
import sys
from pgharness.databases import Databases
from pgharness.servers import open_server

with open_server("embedded") as server, Databases(server) as databases:
    database = databases.create_empty()
    with database.connect() as connection:
        connection.execute("SELECT 1")
    before = [name for name in sys.modules if name.startswith("sqlalchemy")]
    url = database.url
    print(before, url.drivername, url.database == database.name)
"""


def test_sqlalchemy_is_imported_only_where_its_url_is_asked_for() -> None:
    ended = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=False)

    assert (ended.stdout, ended.stderr) == ("[] postgresql+psycopg True\n", "")


def test_no_module_of_servers_and_databases_imports_sqlalchemy() -> None:
    script = """
import pkgutil, sys
import pgharness.databases, pgharness.servers
for package in (pgharness.databases, pgharness.servers):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".container." not in module.name:  # an extra, which may be missing
            __import__(module.name)
print("sqlalchemy" in sys.modules, "testcontainers" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (ended.stdout, ended.stderr) == ("False False\n", "")
