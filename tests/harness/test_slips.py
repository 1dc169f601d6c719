"""The slips of somebody who writes their first revisions: each is told by what is at fault, where it stands, and what to type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import ENV, Revision, sql, write_chain
from tests.harness.runs import run_with

Judge = Callable[..., list[Finding]]

CHECKS = ("graph", "upgrade", "drift", "roundtrip", "enums", "indices")
MODELS = """\
import enum

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Colour(enum.Enum):
    red = "red"
    green = "green"
    blue = "blue"


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)
    town: Mapped[str] = mapped_column(sa.String(80))
    age: Mapped[int | None]
    points: Mapped[int] = mapped_column(server_default="0")
    card: Mapped[str | None] = mapped_column(sa.Text)


class Purchase(Base):
    __tablename__ = "purchase"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id", name="fk_purchase_customer"))
    payer_id: Mapped[int | None]
    colour: Mapped[Colour | None] = mapped_column(sa.Enum(Colour, name="colour"))
    note: Mapped[str | None] = mapped_column(sa.Text)
    amount: Mapped[str | None] = mapped_column(sa.Text)
"""
BASE = Revision(
    "a_base",
    sql(
        "CREATE TYPE colour AS ENUM ('red', 'green')",
        "CREATE TABLE customer (id serial PRIMARY KEY, name text NOT NULL, town varchar(60) NOT NULL, age integer, points integer NOT NULL DEFAULT 1)",
        "CREATE TABLE purchase (id serial PRIMARY KEY, customer_id integer, payer_id integer, colour colour, remark text, amount text)",
    ),
    sql("DROP TABLE purchase", "DROP TABLE customer", "DROP TYPE colour"),
)


@dataclass(frozen=True)
class Slip:
    """A revision with a slip, and the finding that tells it: the check, the subject, words of the message, words of the fix.

    `line` is that of the statement at fault, counted from `def upgrade():`.
    """

    revision: Revision
    check: str
    told: str
    says: str
    fix: str
    line: int | None = None


SLIPS = (
    Slip(
        Revision(
            "enum_left", sql("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE pet (mood mood)"), sql("DROP TABLE pet")
        ),
        "roundtrip",
        "type public.mood",
        "",
        "DROP TYPE",
    ),
    Slip(
        Revision(
            "not_null",
            'op.add_column("customer", sa.Column("code", sa.Text, nullable=False))',
            'op.drop_column("customer", "code")',
        ),
        "upgrade",
        "upgrade of not_null",
        "23502",
        "server_default",
        1,
    ),
    Slip(
        Revision(
            "cast_without_using",
            'op.alter_column("purchase", "amount", type_=sa.Integer)',
            'op.alter_column("purchase", "amount", type_=sa.Text)',
        ),
        "upgrade",
        "upgrade of cast_without_using",
        "42804",
        "USING amount::integer",
        1,
    ),
    Slip(
        Revision("empty_downgrade", sql("CREATE INDEX ix_customer_age ON customer (age)")),
        "roundtrip",
        "downgrade of empty_downgrade",
        "changes nothing",
        "drop_index",
    ),
    Slip(
        Revision(
            "concurrently",
            sql("CREATE INDEX CONCURRENTLY ix_customer_town ON customer (town)"),
            sql("DROP INDEX ix_customer_town"),
        ),
        "upgrade",
        "upgrade of concurrently",
        "25001",
        "autocommit_block",
        1,
    ),
    Slip(
        Revision(
            "unique_on_duplicates",
            'op.create_unique_constraint("uq_customer_name", "customer", ["name"])',
            'op.drop_constraint("uq_customer_name", "customer")',
        ),
        "upgrade",
        "upgrade of unique_on_duplicates",
        "23505",
        "GROUP BY",
        1,
    ),
    Slip(
        Revision("misspelt", 'op.add_colum("customer", sa.Column("x", sa.Integer))', "pass"),
        "upgrade",
        "upgrade of misspelt",
        "add_colum",
        "",
        1,
    ),
    Slip(
        Revision(
            "function_left", sql("CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'"), sql("SELECT 1")
        ),
        "roundtrip",
        "downgrade of function_left",
        "changes nothing",
        "DROP FUNCTION",
    ),
    Slip(
        Revision(
            "label_used",
            sql("ALTER TYPE colour ADD VALUE 'grey'", "UPDATE purchase SET colour = 'grey'"),
            "raise NotImplementedError(irreversible)",
            'irreversible = "a label stays"',
        ),
        "upgrade",
        "upgrade of label_used",
        "55P04",
        "autocommit_block",
        2,
    ),
    Slip(
        Revision(
            "label_removed",
            sql(
                "CREATE TYPE colour_new AS ENUM ('red')",
                "ALTER TABLE purchase ALTER COLUMN colour TYPE colour_new USING colour::text::colour_new",
                "DROP TYPE colour",
                "ALTER TYPE colour_new RENAME TO colour",
            ),
            "raise NotImplementedError(irreversible)",
            'irreversible = "the label is gone"',
        ),
        "upgrade",
        "upgrade of label_removed",
        "22P02",
        "UPDATE",
        2,
    ),
    Slip(
        Revision(
            "orphans",
            'op.create_foreign_key("fk_purchase_payer", "purchase", "customer", ["payer_id"], ["id"])',
            'op.drop_constraint("fk_purchase_payer", "purchase")',
        ),
        "upgrade",
        "upgrade of orphans",
        "23503",
        "NOT EXISTS",
        1,
    ),
)


MODELS_OF_TODAY = Slip(
    Revision(
        "models_of_today",
        "from shop import Customer\nfrom sqlalchemy.orm import Session\n"
        "session = Session(op.get_bind())\nsession.add(Customer(name='a', town='b', card='c'))\nsession.flush()",
        "pass",
    ),
    "upgrade",
    "upgrade of models_of_today",
    "42703",
    "",
    5,
)
KEY = Revision(
    "key_without_index",
    'op.create_foreign_key("fk_purchase_customer", "purchase", "customer", ["customer_id"], ["id"], postgresql_not_valid=True)',
    'op.drop_constraint("fk_purchase_customer", "purchase")',
)


FIRST_LINE = 10  # of a revision as `chains` writes it: `def upgrade():`
BETWEEN = {
    ("drift", "column public.purchase.note"): 'op.add_column("purchase", sa.Column("note", sa.Text()))',
    ("drift", "column public.purchase.remark"): 'op.drop_column("purchase", "remark")',
    ("drift", "column public.customer.card"): 'op.add_column("customer", sa.Column("card", sa.Text()))',
    ("drift", "type public.colour"): "ADD VALUE IF NOT EXISTS 'blue' AFTER 'green'",
    ("drift", "column public.customer.points"): 'server_default=sa.text("0")',
    ("drift", "column public.customer.town"): "type_=sa.String(80)",
    ("drift", "constraint public.purchase.fk_purchase_customer"): "VALIDATE CONSTRAINT fk_purchase_customer",
    ("indices", "constraint public.purchase.fk_purchase_customer"): "CREATE INDEX CONCURRENTLY ix_purchase_customer_id",
}


@pytest.fixture
def judge(tmp_path: Path, pg_server: Server, agent: Agent) -> Judge:
    """Write a project with the shop's models, judge it, and return the findings."""

    def judged(*revisions: Revision, **options: Any) -> list[Finding]:
        folder = tmp_path / "project"
        with_models = ENV.replace("from alembic", "import shop\nfrom alembic", 1).replace(
            "connection=connection", "connection=connection, target_metadata=shop.Base.metadata"
        )
        ini = write_chain(folder, revisions, with_models)
        ini.write_text(ini.read_text().replace("[alembic]\n", "[alembic]\nprepend_sys_path = %(here)s\n"))
        (folder / "shop.py").write_text(MODELS)
        settings = load_settings(None, alembic=ini, **{"only": CHECKS, **options})
        return list(run_with(settings, pg_server, agent).report.findings)

    return judged


@pytest.mark.parametrize("slips", [SLIPS, (MODELS_OF_TODAY,)], ids=["most", "models of today"])
def test_each_slip_of_a_revision_is_told_with_its_line_and_a_fix(judge: Judge, slips: tuple[Slip, ...]) -> None:
    found = judge(BASE, *(slip.revision for slip in slips), only=("upgrade", "roundtrip"))

    assert [(one.check, one.revision, one.subject) for one in found] == [
        (slip.check, slip.revision.slug, slip.told) for slip in sorted(slips, key=lambda slip: slip.check, reverse=True)
    ]
    by_revision = {one.revision: one for one in found}
    for slip in slips:
        one = by_revision[slip.revision.slug]
        assert slip.says in one.message
        assert slip.fix in one.mend
        assert one.line == (None if slip.line is None else FIRST_LINE + slip.line)


def test_each_slip_between_models_and_chain_is_told_with_a_fix(judge: Judge) -> None:
    found = judge(BASE, KEY, only=("drift", "indices"))

    fixes = {(one.check, one.subject): one.mend for one in found}
    for told, fix in BETWEEN.items():
        assert fix in fixes.pop(told)
    assert fixes == {}
