CREATE OR REPLACE FUNCTION check_steps_of_runs()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    is_broken boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM added AS log JOIN %s AS run ON run.id = log.run_id JOIN %s AS step ON step.id = log.step_id'
        ' WHERE (step.workflow_id, step.workflow_version) IS DISTINCT FROM (run.workflow_id, run.workflow_version))',
        shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_runs'), shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_steps')
    ) INTO is_broken;
    IF is_broken THEN
        RAISE EXCEPTION 'tr_run_step_logs__step_of_run: a step is not one of the version that its run is of'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'run_step_logs', CONSTRAINT = 'tr_run_step_logs__step_of_run';
    END IF;
    RETURN NULL;
END
$function$
