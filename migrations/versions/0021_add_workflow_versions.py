"""Add a row for each version of a workflow, and let it come by itself with a workflow and with the first step of a version.

Why: a run could name a version that nobody had made, and nobody could tell which versions are published. From now on every new version has its row; those
that are there get theirs by the next revision.
Locks: SHARE ROW EXCLUSIVE on workflows and workflow_steps for the instant in which the foreign key and the triggers are made; no row is read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021_add_workflow_versions"
down_revision = "0020_add_run_keys"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""

RANGE = "{column} >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND {column} < (timestamp '10000-01-01' AT TIME ZONE 'UTC')"

ADD_VERSION_OF_WORKFLOW = """\
CREATE FUNCTION add_version_of_workflow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO workflow_versions (workflow_id, version) VALUES (NEW.id, NEW.version) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$"""

ADD_VERSION_OF_STEP = """\
CREATE FUNCTION add_version_of_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO workflow_versions (workflow_id, version)
    SELECT id, NEW.workflow_version FROM workflows WHERE id = NEW.workflow_id AND NEW.workflow_version >= 1
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END
$$"""


def upgrade() -> None:
    op.create_table(
        "workflow_versions",
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("published_at", timestamp),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_workflow_versions__version_positive")),
        *(
            sa.CheckConstraint(RANGE.format(column=column), name=op.f(f"ck_workflow_versions__{column}_range"))
            for column in ("published_at", "created_at", "updated_at")
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_versions__workflow_id__workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "version", name=op.f("pk_workflow_versions")),
    )
    op.execute(UPDATED_AT_TRIGGER.format(table="workflow_versions"))
    op.execute(ADD_VERSION_OF_WORKFLOW)
    op.execute("""\
CREATE TRIGGER tr_workflows__add_version AFTER INSERT OR UPDATE OF version ON workflows
FOR EACH ROW EXECUTE FUNCTION add_version_of_workflow()""")
    op.execute(ADD_VERSION_OF_STEP)
    op.execute("""\
CREATE TRIGGER tr_workflow_steps__add_version BEFORE INSERT ON workflow_steps
FOR EACH ROW EXECUTE FUNCTION add_version_of_step()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER tr_workflow_steps__add_version ON workflow_steps")
    op.execute("DROP FUNCTION add_version_of_step()")
    op.execute("DROP TRIGGER tr_workflows__add_version ON workflows")
    op.execute("DROP FUNCTION add_version_of_workflow()")
    op.drop_table("workflow_versions")
