"""`pgharness trace`: what each statement locks, whom that keeps waiting, and what is dangerous about it, for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgharness.records.trace import Work
from pgharness.trace.telling import counted
from tests.harness.chains import ENV, Revision, sql, table, write_chain

CHAIN = (
    table("a", "id bigint PRIMARY KEY, x int"),
    Revision("fill", sql("ALTER TABLE a ADD y int", "UPDATE a SET y = x"), sql("ALTER TABLE a DROP y")),
)


def test_work_under_the_lock_of_an_earlier_revision_is_told_where_both_are_deployed_together(
    tmp_path: Path, quiet_url: str, command_line: Callable[..., Any]
) -> None:
    chain = (CHAIN[0], Revision("adds", sql("ALTER TABLE a ADD y int"), sql("ALTER TABLE a DROP y")))
    fill = Revision("fill", sql("UPDATE a SET y = x"))
    apart = ENV.replace("connection=connection", "connection=connection, transaction_per_migration=True")
    together = write_chain(tmp_path / "together", (*chain, fill))
    by_itself = write_chain(tmp_path / "apart", (*chain, fill), apart)

    def told(ini: Path, how: str) -> str:
        return str(command_line("trace", "fill", "--alembic", ini, "--server", quiet_url, "--format", how).out)

    danger = "held-by-earlier: A lock of an earlier revision is held over work (public.a, ACCESS EXCLUSIVE on public.a of adds)"
    assert f"      DANGER PGH-W010 {danger}" in told(together, "text").splitlines()
    assert danger not in told(by_itself, "text")
    (revision,) = json.loads(told(together, "json"))["revisions"]
    assert ("held-by-earlier", 0) in [(one["id"], one["statement"]) for one in revision["upgrade"]["hazards"]]
    assert "▲ A lock of an earlier revision is held over work" in told(together, "html")


def test_a_revision_is_traced_statement_by_statement(
    tmp_path: Path, quiet_url: str, command_line: Callable[..., Any]
) -> None:
    ini = write_chain(tmp_path / "chain", CHAIN)

    told = command_line("trace", "fill", "--alembic", ini, "--server", quiet_url)
    as_json = command_line("trace", "fill", "--alembic", ini, "--server", quiet_url, "--format", "json")
    as_page = command_line("trace", "fill", "--alembic", ini, "--server", quiet_url, "--format", "html")
    unknown = command_line("trace", "fil_", "--alembic", ini, "--server", quiet_url)

    assert (told.code, as_json.code, as_page.code, unknown.code) == (0, 0, 0, 2)
    assert as_page.out.startswith("<!doctype html>")
    assert "▲ A lock is held over work" in as_page.out
    assert re.sub(r"line \d+", "line …", told.out).splitlines()[:12] == [
        "fill upgrade()",
        "  transaction 1",
        "    line …: ALTER TABLE a ADD y int",
        "      takes ACCESS EXCLUSIVE on table public.a: reads and writes wait",
        "      no lock_timeout is in force",
        "      note brief-lock: A lock that blocks, without work under it (ACCESS EXCLUSIVE on public.a)",
        "    line …: UPDATE a SET y = x",
        "      holds ACCESS EXCLUSIVE on table public.a: reads and writes wait",
        "      takes ROW EXCLUSIVE on index public.a_pkey: nobody waits",
        "      reads the rows of public.a (4 here)",
        "      writes the rows of public.a (4 here)",
        "      no lock_timeout is in force",
    ]
    (revision,) = json.loads(as_json.out)["revisions"]
    dangers = [(one["id"], one["code"], one["about"]) for one in revision["upgrade"]["hazards"]]
    assert ("held-over-work", "PGH-W006", "public.a") in dangers


def test_one_row_is_told_as_one() -> None:
    assert counted(Work("reads", "public.a", "", 1)) == "reads a row of public.a (1 here)"
    assert counted(Work("writes", "public.a", "", 2)) == "writes the rows of public.a (2 here)"
