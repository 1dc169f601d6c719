"""What `locks` says to type into several revisions mends: each stage where it is told to stand, with what the models and the settings have to know."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.report.fix_parts import parts_of
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import WITH_A_TABLE, Revision, sql, write_chain
from tests.harness.runs import run_with, told

MAKES = Revision("makes", sql("CREATE TABLE person (id serial PRIMARY KEY, mail text)"), sql("DROP TABLE person"))
CHECKS = ("upgrade", "drift", "autogenerate", "roundtrip", "locks", "crash", "data")
LINE = r"line (\d+) sends behind it"
Judge = Callable[..., list[Finding]]


@pytest.fixture
def judge(tmp_path: Path, pg_server: Server, agent: Agent) -> Judge:
    """Return what judges a chain of these revisions, with these columns in the model."""
    folder = tmp_path / "chain"
    write_chain(folder, ())
    file = folder / "pyproject.toml"
    file.write_text("[tool.pgharness]\nalembic = 'alembic.ini'\n", encoding="utf-8")

    def judged(columns: str, *revisions: Revision, rules: tuple[str, ...] = ()) -> list[Finding]:
        (folder / "env.py").write_text(
            WITH_A_TABLE.format(
                name="person", types="JSON, BigInteger, Column, Computed, Integer, Text", columns=columns
            ),
            encoding="utf-8",
        )
        before: str | None = None
        for one in (MAKES, *revisions):
            (folder / "versions" / f"{one.slug}.py").write_text(one.text(before), encoding="utf-8")
            before = one.slug
        file.write_text("\n".join((file.read_text(encoding="utf-8"), *rules)), encoding="utf-8")
        settings = load_settings(file, only=CHECKS)
        return list(run_with(settings, pg_server, agent).report.findings)

    return judged


def test_a_column_that_is_computed_comes_with_what_models_and_settings_have_to_know(judge: Judge) -> None:
    added = "ALTER TABLE person ADD COLUMN low text GENERATED ALWAYS AS (lower(mail)) STORED"
    generated = 'Column("mail", Text), Column("low", Text, Computed("lower(mail)", persisted=True))'
    down = "ALTER TABLE person DROP COLUMN low"
    (found,) = judge(generated, Revision("adds", sql(added), sql(down)))

    first, second, undone, rules = (part.code for part in parts_of(found.mend) if part.code)
    adds = Revision("adds", "\n".join(first), "\n".join((*undone, sql(down))))
    plain = 'Column("mail", Text), Column("low", Text)'
    again = judge(plain, adds, Revision("fills", "\n".join(second)), rules=rules)

    assert found.code == "PGH-W002"
    assert told(again) == []


def test_what_stands_behind_a_copy_comes_behind_its_revision(judge: Judge) -> None:
    up = (
        "ALTER TABLE person ADD COLUMN email text",
        "UPDATE person SET email = mail",
        "ALTER TABLE person DROP COLUMN mail",
    )
    down = (
        "ALTER TABLE person ADD COLUMN mail text",
        "UPDATE person SET mail = email",
        "ALTER TABLE person DROP COLUMN email",
    )
    columns = 'Column("email", Text)'
    (found,) = judge(columns, Revision("copies", sql(*up), sql(*down)))

    (code,) = (part.code for part in parts_of(found.mend) if part.code)
    text = Revision("copies", sql(*up)).text("makes").splitlines()
    (line,) = re.findall(LINE, found.mend)
    stages = (
        Revision("copies", sql(up[0]), sql(down[2])),
        Revision("fills", "\n".join(code)),
        Revision("drops", text[int(line) - 1].strip(), sql(*down[:2])),
    )

    assert found.code == "PGH-W006"
    assert told(judge(columns, *stages)) == []


NUMBERED = 'Column("mail", Text), Column("n", BigInteger, nullable=False, server_default="0"{})'


@pytest.mark.parametrize(
    ("made", "changes", "back", "columns"),
    [
        ((), "mail TYPE json USING to_json(mail)", "mail TYPE text", 'Column("mail", JSON)'),
        (("ADD n int NOT NULL DEFAULT 0",), "n TYPE bigint", "n TYPE int", NUMBERED.format("")),
    ],
    ids=["nullable", "not null with a default"],
)
def test_another_type_comes_with_the_way_back_of_each_revision(
    made: tuple[str, ...], changes: str, back: str, columns: str, judge: Judge
) -> None:
    more = sql(*(f"ALTER TABLE person {one}" for one in made)) or "pass"
    before = (Revision("more", more, sql("ALTER TABLE person DROP n")),) if made else ()
    up, down = (f"ALTER TABLE person ALTER COLUMN {one}" for one in (changes, back))
    (one,) = (
        found for found in judge(columns, *before, Revision("retypes", sql(up), sql(down))) if found.code == "PGH-W002"
    )

    stages = staged(one.mend)
    again = judge(
        columns, *before, *(Revision(f"stage_{at}" if at else "retypes", *both) for at, both in enumerate(stages))
    )

    assert len(stages) == 3
    assert [one for one in told(again) if one[0] == "retypes" or one[0].startswith("stage")] == []


def staged(mend: str) -> list[tuple[str, str]]:
    """Return upgrade() and downgrade() of each revision that a fix tells."""
    stages, is_back = [["", ""]], False
    for part in parts_of(mend):
        if part.words.startswith("or ") or "env.py" in part.words:
            break
        if "next revision" in part.words or "in one after it" in part.words:
            stages.append(["", ""])
        is_back = "downgrade()" in part.words if part.words else is_back
        stages[-1][is_back] += "".join(f"{line}\n" for line in part.code)
    return [(up or "pass", back or "pass") for up, back in stages]
