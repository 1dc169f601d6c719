"""Code that fixes give uses names that its revision has, or comes with the line that imports them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.report.model import Report
from pgharness.running import Run
from tests.harness.chains import Revision, sql
from tests.harness.runs import told
from tests.harness.typed import code_of

MAKES = Revision("makes", sql("CREATE TABLE person (id int PRIMARY KEY, mail varchar(40))"), sql("DROP TABLE person"))
DROPS = Revision(
    "drops",
    "op.drop_column('person', 'mail')",
    "pass",
    "after_deploy = 'nobody asks for it'\nallow = {'data': 'it is void'}",
)
WITH_SA = "import sqlalchemy as sa\nfrom alembic import context, op"
# How the file imports what fixes use, and what the fix has of it.
IMPORTS = {
    "none": ("from alembic import op", "import sqlalchemy as sa"),
    "by its own name": ("import sqlalchemy\nfrom alembic import op", "sqlalchemy.Column("),
    "by another name": ("import sqlalchemy as alchemy\nfrom alembic import op", "alchemy.Column("),
    "parts of it": ("from sqlalchemy import Column, String\nfrom alembic import op", "import sqlalchemy as sa"),
    "op by another name": ("import sqlalchemy as sa\nimport alembic.op as o", "from alembic import op"),
    "both": (WITH_SA, "(op.add_column"),
}


@pytest.mark.parametrize("way", IMPORTS)
def test_code_for_a_revision_goes_by_what_it_imports(
    way: str, judge_chain: Callable[..., Run], judge_again: Callable[..., Report]
) -> None:
    imports, shown = IMPORTS[way]
    report = judge_chain(MAKES, DROPS).report
    path = Path(report.chain.revisions[-1].path)
    text = path.read_text(encoding="utf-8").replace(WITH_SA, imports)
    path.write_text(text.replace("op.drop_", "o.drop_") if " as o\n" in f"{imports}\n" else text, encoding="utf-8")
    (found,) = judge_again(report, only=("upgrade", "roundtrip")).findings

    body = "".join(f"    {line}\n" for line in code_of(found).splitlines())
    before, _, _ = path.read_text(encoding="utf-8").partition("def downgrade():\n")
    path.write_text(f"{before}def downgrade():\n{body}", encoding="utf-8")

    assert found.code == "PGH-R005"
    assert shown.removeprefix("(") in found.mend
    assert ("import" in found.mend) == ("import" in shown)
    assert told(judge_again(report, only=("upgrade", "roundtrip")).findings) == []
