"""Add books."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

cover = postgresql.ENUM("hard", "soft", "leather", name="cover", create_type=False)


def upgrade():
    op.execute("CREATE TYPE cover AS ENUM ('hard', 'soft', 'leather')")
    op.create_table(
        "book",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "author_id",
            sa.BigInteger,
            sa.ForeignKey("author.id", name="fk_book_author_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("cover", cover, nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("pages BETWEEN 1 AND 5000", name="ck_book_pages"),
        sa.UniqueConstraint("author_id", "title", name="uq_book_author_id_title"),
    )
    op.create_index("ix_book_title", "book", [sa.text("lower(title)")], postgresql_include=["pages"])
    op.create_index("ix_book_unsold", "book", ["author_id"], postgresql_where=sa.text("sold_at IS NULL"))


def downgrade():
    op.drop_table("book")
    op.execute("DROP TYPE cover")
