"""Writes an Alembic project of any length: models, env.py, and a sound chain of revisions of five kinds in turn."""

from __future__ import annotations

from pathlib import Path

ALEMBIC_INI = """\
[alembic]
script_location = %(here)s
version_locations = %(here)s/versions
path_separator = newline
prepend_sys_path = %(here)s
"""

ENV_PY = """\
from alembic import context
from shop import Base
from sqlalchemy import Connection, NullPool, create_engine

given = context.config.attributes.get("connection")
if given is None:
    given = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=NullPool)
with given if isinstance(given, Connection) else given.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

SCRIPT_MAKO = '''\
"""${message}"""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''

MODELS_HEAD = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass

"""

MODEL = """
class Item{n}(Base):
    __table__ = sa.Table(
        "item_{n}",
        Base.metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        {parent}
        sa.Column("note", sa.String(200)),
        sa.Column("state", sa.Enum("open", "closed", name="state_{n}"), server_default="open", nullable=False),
        sa.Column("amount", sa.Numeric(10, 2), server_default="0", nullable=False),
        sa.Index("ix_item_{n}_name", sa.text("lower(name)")),
        sa.CheckConstraint("char_length(name) > 0", name="ck_item_{n}_name"),
        sa.UniqueConstraint("name", "id", name="uq_item_{n}_name"),
        sa.Index("ix_item_{n}_state", "state", postgresql_where=sa.text("note IS NOT NULL")),
    )

"""

PARENT = 'sa.Column("parent_id", sa.BigInteger, sa.ForeignKey("item_{parent}.id", name="fk_item_{n}_parent", ondelete="CASCADE")),'

REVISION = '''\
"""{message}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision:04}"
down_revision = {down_revision}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
'''

# message, upgrade, downgrade; {n} is the table's number
KINDS = (
    (
        "Create item_{n}",
        """op.create_table(
        "item_{n}",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        {parent}
    )""",
        'op.drop_table("item_{n}")',
    ),
    (
        "Add a note to item_{n}",
        """op.add_column("item_{n}", sa.Column("note", sa.String(200)))
    op.create_index("ix_item_{n}_name", "item_{n}", [sa.text("lower(name)")])""",
        """op.drop_index("ix_item_{n}_name")
    op.drop_column("item_{n}", "note")""",
    ),
    (
        "Give item_{n} a state",
        """op.execute("CREATE TYPE state_{n} AS ENUM ('open', 'closed')")
    state = sa.Enum("open", "closed", name="state_{n}", create_type=False)
    op.add_column("item_{n}", sa.Column("state", state, server_default="open", nullable=False))""",
        """op.drop_column("item_{n}", "state")
    op.execute("DROP TYPE state_{n}")""",
    ),
    (
        "Let names in item_{n} be unique beside their number",
        """op.create_check_constraint("ck_item_{n}_name", "item_{n}", "char_length(name) > 0")
    op.create_unique_constraint("uq_item_{n}_name", "item_{n}", ["name", "id"])""",
        """op.drop_constraint("uq_item_{n}_name", "item_{n}")
    op.drop_constraint("ck_item_{n}_name", "item_{n}")""",
    ),
    (
        "Add an amount to item_{n}",
        """op.add_column("item_{n}", sa.Column("amount", sa.Numeric(10, 2), server_default="0", nullable=False))
    op.create_index("ix_item_{n}_state", "item_{n}", ["state"], postgresql_where=sa.text("note IS NOT NULL"))""",
        """op.drop_index("ix_item_{n}_state")
    op.drop_column("item_{n}", "amount")""",
    ),
)


def write_chain(folder: Path, revisions: int) -> Path:
    """Write a project with this many revisions (a multiple of five) into an empty folder, and give its alembic.ini."""
    assert revisions % len(KINDS) == 0, f"the chain comes in steps of {len(KINDS)}"
    (folder / "versions").mkdir()
    tables = range(revisions // len(KINDS))
    models = "".join(MODEL.format(n=n, parent=_parent(n)) for n in tables)
    for name, text in {
        "alembic.ini": ALEMBIC_INI,
        "env.py": ENV_PY,
        "script.py.mako": SCRIPT_MAKO,
        "shop.py": MODELS_HEAD + models,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    for number in range(revisions):
        text = _revision(number)
        (folder / "versions" / f"{number + 1:04}_step.py").write_text(text, encoding="utf-8")
    return folder / "alembic.ini"


def _revision(number: int) -> str:
    n, kind = divmod(number, len(KINDS))
    message, upgrade, downgrade = (part.format(n=n, parent=_parent(n)) for part in KINDS[kind])
    down_revision = f'"{number:04}"' if number else None
    return REVISION.format(
        message=message, revision=number + 1, down_revision=down_revision, upgrade=upgrade, downgrade=downgrade
    )


def _parent(n: int) -> str:
    return PARENT.format(n=n, parent=n - 1) if n else ""
