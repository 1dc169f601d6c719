CREATE OR REPLACE FUNCTION check_moved_step_of_run()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    is_broken boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %s AS run CROSS JOIN %s AS step WHERE run.id = $1 AND step.id = $2'
        ' AND (step.workflow_id, step.workflow_version) IS DISTINCT FROM (run.workflow_id, run.workflow_version))',
        shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_runs'), shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_steps')
    ) INTO is_broken USING NEW.run_id, NEW.step_id;
    IF is_broken THEN
        RAISE EXCEPTION 'tr_run_step_logs__moved_step_of_run: the step is not one of the version that the run is of'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'run_step_logs', CONSTRAINT = 'tr_run_step_logs__moved_step_of_run';
    END IF;
    RETURN NEW;
END
$function$
