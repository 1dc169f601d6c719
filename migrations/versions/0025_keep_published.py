"""Keep published versions and their steps as they are, a run at its version, and a log at a step of its run's version.

Why: a run that is under way keeps the steps that it started with, and its record reads as what happened. What was written before stays as it is.
Locks: SHARE ROW EXCLUSIVE on workflow_versions, workflow_steps, workflow_runs and run_step_logs for the instant until the revision is committed; no row
is read.
"""

from alembic import op

revision = "0025_keep_published"
down_revision = "0024_validate_versions"
branch_labels = None
depends_on = None
allow = {
    "compat": "the release before writes none of it either: it copies steps into a new version, and publishes a version with its first run"
}

KEEP_PUBLISHED_STEPS = """\
CREATE FUNCTION keep_published_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_published boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    END IF;
    -- Whoever publishes the version waits for this transaction, or this one for that. A version that goes with its workflow does not count.
    SELECT coalesce(bool_or(published_at IS NOT NULL), false) INTO is_published FROM (
        SELECT named.published_at
        FROM workflow_versions AS named
        JOIN workflows AS workflow ON workflow.id = named.workflow_id
        WHERE (named.workflow_id = OLD.workflow_id AND named.version = OLD.workflow_version)
            OR (named.workflow_id = NEW.workflow_id AND named.version = NEW.workflow_version)
        FOR SHARE OF named
    ) AS locked;
    IF is_published THEN
        RAISE EXCEPTION 'the steps of a published version stay as they are'
            USING ERRCODE = 'restrict_violation', TABLE = 'workflow_steps', CONSTRAINT = 'tr_workflow_steps__published_stay';
    END IF;
    RETURN NULL;
END
$$"""

KEEP_PUBLISHED_VERSIONS = """\
CREATE FUNCTION keep_published_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM workflows WHERE id = OLD.workflow_id) THEN
            RETURN NULL;
        END IF;
    ELSIF (NEW.workflow_id, NEW.version, NEW.published_at) IS NOT DISTINCT FROM (OLD.workflow_id, OLD.version, OLD.published_at) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a published version stays published'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_versions', CONSTRAINT = 'tr_workflow_versions__published_stay';
END
$$"""

KEEP_VERSION_OF_RUN = """\
CREATE FUNCTION keep_version_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a run stays one of its version'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_runs', CONSTRAINT = 'tr_workflow_runs__version_stays';
END
$$"""

CHECK_STEPS_OF_RUNS = """\
CREATE FUNCTION check_steps_of_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Where either is missing, its foreign key says so.
    IF EXISTS (
        SELECT FROM added AS log
        JOIN workflow_runs AS run ON run.id = log.run_id
        JOIN workflow_steps AS step ON step.id = log.step_id
        WHERE (step.workflow_id, step.workflow_version) IS DISTINCT FROM (run.workflow_id, run.workflow_version)
    ) THEN
        RAISE EXCEPTION 'a step is not one of the version that its run is of'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'run_step_logs', CONSTRAINT = 'tr_run_step_logs__step_of_run';
    END IF;
    RETURN NULL;
END
$$"""

CHECK_MOVED_STEP_OF_RUN = """\
CREATE FUNCTION check_moved_step_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Where either is missing, its foreign key says so.
    IF EXISTS (
        SELECT FROM workflow_runs AS run
        CROSS JOIN workflow_steps AS step
        WHERE run.id = NEW.run_id AND step.id = NEW.step_id
            AND (step.workflow_id, step.workflow_version) IS DISTINCT FROM (run.workflow_id, run.workflow_version)
    ) THEN
        RAISE EXCEPTION 'the step is not one of the version that the run is of'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'run_step_logs', CONSTRAINT = 'tr_run_step_logs__moved_step_of_run';
    END IF;
    RETURN NEW;
END
$$"""

TRIGGERS = {
    "tr_workflow_steps__published_stay": (
        "workflow_steps",
        """\
CREATE TRIGGER tr_workflow_steps__published_stay AFTER INSERT OR UPDATE OR DELETE ON workflow_steps
FOR EACH ROW EXECUTE FUNCTION keep_published_steps()""",
    ),
    "tr_workflow_versions__published_stay": (
        "workflow_versions",
        """\
CREATE TRIGGER tr_workflow_versions__published_stay AFTER UPDATE OR DELETE ON workflow_versions
FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION keep_published_versions()""",
    ),
    "tr_workflow_runs__version_stays": (
        "workflow_runs",
        """\
CREATE TRIGGER tr_workflow_runs__version_stays BEFORE UPDATE OF workflow_id, workflow_version ON workflow_runs
FOR EACH ROW WHEN ((OLD.workflow_id, OLD.workflow_version) IS DISTINCT FROM (NEW.workflow_id, NEW.workflow_version)) EXECUTE FUNCTION keep_version_of_run()""",
    ),
    "tr_run_step_logs__step_of_run": (
        "run_step_logs",
        """\
CREATE TRIGGER tr_run_step_logs__step_of_run AFTER INSERT ON run_step_logs
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_steps_of_runs()""",
    ),
    "tr_run_step_logs__moved_step_of_run": (
        "run_step_logs",
        """\
CREATE TRIGGER tr_run_step_logs__moved_step_of_run BEFORE UPDATE OF run_id, step_id ON run_step_logs
FOR EACH ROW EXECUTE FUNCTION check_moved_step_of_run()""",
    ),
}

FUNCTIONS = {
    "keep_published_steps": KEEP_PUBLISHED_STEPS,
    "keep_published_versions": KEEP_PUBLISHED_VERSIONS,
    "keep_version_of_run": KEEP_VERSION_OF_RUN,
    "check_steps_of_runs": CHECK_STEPS_OF_RUNS,
    "check_moved_step_of_run": CHECK_MOVED_STEP_OF_RUN,
}


def upgrade() -> None:
    for statement in FUNCTIONS.values():
        op.execute(statement)
    for _, statement in TRIGGERS.values():
        op.execute(statement)


def downgrade() -> None:
    for trigger, (table, _) in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
