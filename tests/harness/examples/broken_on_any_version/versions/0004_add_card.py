"""Give all members the same card, and say that no two have the same."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade():
    op.add_column("member", sa.Column("card", sa.Text))
    op.execute(sa.table("member", sa.column("card", sa.Text)).update().values(card="none yet"))
    op.create_unique_constraint("uq_member_card", "member", ["card"])


def downgrade():
    op.drop_column("member", "card")
