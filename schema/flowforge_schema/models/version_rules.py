"""What no constraint can say of versions, as triggers: which versions there are, what stays as it is, which steps a log is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import DDL, MetaData, event

from flowforge_schema.base import drops_all_tables

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "add_version_of_workflow": """\
BEGIN
    INSERT INTO workflow_versions (workflow_id, version) VALUES (NEW.id, NEW.version) ON CONFLICT DO NOTHING;
    RETURN NULL;
END""",
        "add_version_of_step": """\
BEGIN
    INSERT INTO workflow_versions (workflow_id, version)
    SELECT id, NEW.workflow_version FROM workflows WHERE id = NEW.workflow_id AND NEW.workflow_version >= 1
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END""",
        "keep_published_steps": """\
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
END""",
        "keep_published_versions": """\
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
END""",
        "keep_version_of_run": """\
BEGIN
    RAISE EXCEPTION 'a run stays one of its version'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_runs', CONSTRAINT = 'tr_workflow_runs__version_stays';
END""",
        "check_steps_of_runs": """\
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
END""",
        "check_moved_step_of_run": """\
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
END""",
    }
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of one table, for each row, or for a statement whose new rows are then the table `new_rows`.

    An error that its function raises names the trigger as the constraint.
    """

    name: str
    table: str
    moment: str
    function: str
    condition: str = ""
    new_rows: str = ""

    @property
    def statement(self) -> str:
        """Return what makes it."""
        given = f"REFERENCING NEW TABLE AS {self.new_rows} FOR EACH STATEMENT" if self.new_rows else "FOR EACH ROW"
        when = f" WHEN ({self.condition})" if self.condition else ""
        return f"CREATE TRIGGER {self.name} {self.moment} ON {self.table}\n{given}{when} EXECUTE FUNCTION {self.function}()"


TRIGGERS = (
    Trigger(
        "tr_workflows__add_version",
        "workflows",
        "AFTER INSERT OR UPDATE OF version",
        "add_version_of_workflow",
    ),
    Trigger(
        "tr_workflow_steps__add_version",
        "workflow_steps",
        "BEFORE INSERT",
        "add_version_of_step",
    ),
    Trigger(
        "tr_workflow_steps__published_stay",
        "workflow_steps",
        "AFTER INSERT OR UPDATE OR DELETE",
        "keep_published_steps",
    ),
    Trigger(
        "tr_workflow_versions__published_stay",
        "workflow_versions",
        "AFTER UPDATE OR DELETE",
        "keep_published_versions",
        "OLD.published_at IS NOT NULL",
    ),
    Trigger(
        "tr_workflow_runs__version_stays",
        "workflow_runs",
        "BEFORE UPDATE OF workflow_id, workflow_version",
        "keep_version_of_run",
        "(OLD.workflow_id, OLD.workflow_version) IS DISTINCT FROM (NEW.workflow_id, NEW.workflow_version)",
    ),
    # One look for all rows of a statement: a third of what a look for each row takes in bulk (benchmarks/version_rules.py).
    Trigger(
        "tr_run_step_logs__step_of_run",
        "run_step_logs",
        "AFTER INSERT",
        "check_steps_of_runs",
        new_rows="added",
    ),
    Trigger(
        "tr_run_step_logs__moved_step_of_run",
        "run_step_logs",
        "BEFORE UPDATE OF run_id, step_id",
        "check_moved_step_of_run",
    ),
)


def add_version_rules(metadata: MetaData) -> None:
    """Let the functions and triggers be created and dropped together with the tables."""
    for name, body in FUNCTIONS.items():
        made = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\n{body}\n$$"
        event.listen(metadata, "before_create", DDL(made))
        dropped = DDL(f"DROP FUNCTION IF EXISTS {name}()")
        event.listen(metadata, "after_drop", dropped.execute_if(callable_=drops_all_tables))
    for trigger in TRIGGERS:
        event.listen(metadata.tables[trigger.table], "after_create", DDL(trigger.statement))
