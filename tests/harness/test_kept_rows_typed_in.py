"""What `data` says to type so that nothing is lost comes with all that it makes necessary: nothing new is found, by `drift` and `autogenerate` either."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.report.fix_parts import Part, parts_of
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import WITH_A_TABLE, Revision, sql, write_chain
from tests.harness.runs import run_with, told

ENV = WITH_A_TABLE.format(
    name="country",
    types="Column, Integer, Text",
    columns='Column("code", Text, nullable=False), Column("price", Integer)',
)
MAKES = Revision(
    "makes",
    sql("CREATE TABLE country (id serial PRIMARY KEY, code text NOT NULL, price numeric(10,2))"),
    sql("DROP TABLE country"),
)
RETYPES = Revision(
    "retypes",
    sql("ALTER TABLE country ALTER price TYPE int"),
    sql("ALTER TABLE country ALTER price TYPE numeric(10,2)"),
)
WHOLE = replace(MAKES, up=MAKES.up.replace("numeric(10,2)", "int"))
DELETES = Revision("deletes", sql("DELETE FROM country WHERE price > 0"))
IN_PIECES = "\nwith op.get_context().autocommit_block():\n    op.execute('ANALYZE country')"
DELETES_IN_PIECES = replace(DELETES, up=DELETES.up + IN_PIECES)
UPDATES_IN_PIECES = replace(DELETES, up=sql("UPDATE country SET price = 0 WHERE price > 0") + IN_PIECES)
SEEDS = Revision("seeds", sql("INSERT INTO country (code) VALUES ('XK')"), sql("DELETE FROM country"))
NUMBERED = Revision("seeds", sql("INSERT INTO country (id, code) VALUES (71, 'XK')"), sql("DELETE FROM country"))
CHECKS = ("upgrade", "drift", "autogenerate", "roundtrip", "data", "crash", "declarations")


@pytest.mark.parametrize(
    ("revision", "code"),
    [
        (RETYPES, "PGH-V003"),
        (DELETES, "PGH-V005"),
        (DELETES_IN_PIECES, "PGH-V005"),
        (UPDATES_IN_PIECES, "PGH-V001"),
        (SEEDS, "PGH-V007"),
        (NUMBERED, "PGH-V007"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.up[:60],
)
def test_nothing_is_lost_and_nothing_new_is_found(
    revision: Revision, code: str, tmp_path: Path, pg_server: Server, agent: Agent
) -> None:
    folder = tmp_path / "chain"
    chain = (MAKES if revision is RETYPES else WHOLE, revision)
    write_chain(folder, chain, ENV)
    settings_file = folder / "pyproject.toml"
    settings_file.write_text("[tool.pgharness]\nalembic = 'alembic.ini'\n", encoding="utf-8")

    def judge() -> list[Finding]:
        settings = load_settings(settings_file, only=CHECKS)
        return list(run_with(settings, pg_server, agent).report.findings)

    (found,) = judge()
    path = folder / "versions" / f"{revision.slug}.py"
    type_in(found, path, settings_file)

    assert found.code == code
    assert told(judge()) == []


def type_in(found: Finding, path: Path, settings: Path) -> None:
    """Type the code of a fix into a revision and the settings, each where it is told to stand."""
    where, text = "", path.read_text(encoding="utf-8")
    for part in parts_of(found.mend):
        where = part.words or where
        code = "".join(f"    {line}\n" for line in part.code)
        if not part.code:
            continue
        if "pyproject.toml" in where:
            settings.write_text(settings.read_text(encoding="utf-8") + "\n".join(part.code) + "\n", encoding="utf-8")
        elif "beginning of upgrade()" in where:
            text = text.replace("def upgrade():\n", f"def upgrade():\n{code}")
        elif "end of downgrade()" in where:
            text += code
        else:
            text = in_place(text, part, int(re.findall(r"in place of line (\d+)", where)[0]))
    path.write_text(text, encoding="utf-8")


def in_place(text: str, part: Part, number: int) -> str:
    """Return a text with code in place of a line."""
    lines = text.splitlines()
    lines[number - 1] = "\n".join(f"    {line}" for line in part.code)
    return "\n".join(lines) + "\n"
