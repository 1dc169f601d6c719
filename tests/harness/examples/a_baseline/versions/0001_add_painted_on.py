"""Say when a painting was made."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.add_column("painting", sa.Column("painted_on", sa.Date))


def downgrade():
    op.drop_column("painting", "painted_on")
