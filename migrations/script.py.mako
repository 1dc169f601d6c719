"""${message[:1].upper() + message[1:]}.

Why: say here what needs this change.
Locks: say here what it locks and for how long. On a table that holds rows, ADD COLUMN with a volatile default and ALTER
COLUMN TYPE rewrite it, SET NOT NULL and ADD CONSTRAINT scan it, CREATE INDEX blocks its writers: add constraints NOT VALID and
validate them in a later revision; build indexes with postgresql_concurrently=True inside op.get_context().autocommit_block().
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

# What this revision does on purpose is declared here, each with its reason; an unused declaration is a finding:
# irreversible = "why there is no way back" (and let downgrade() raise NotImplementedError)
# allow = {"locks": "why it may block"}


def upgrade() -> None:
    # env.py sets lock_timeout to 5 s; where a longer wait is worth it: op.execute("SET LOCAL lock_timeout = '30s'")
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
