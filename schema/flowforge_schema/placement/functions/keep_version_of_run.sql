CREATE OR REPLACE FUNCTION keep_version_of_run()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'tr_workflow_runs__version_stays: a run stays one of its version'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_runs', CONSTRAINT = 'tr_workflow_runs__version_stays';
END
$function$
