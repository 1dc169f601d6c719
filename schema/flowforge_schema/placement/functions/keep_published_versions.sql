CREATE OR REPLACE FUNCTION keep_published_versions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    has_workflow boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE id = $1)', shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflows'))
        INTO has_workflow USING OLD.workflow_id;
        IF NOT has_workflow THEN
            RETURN NULL;
        END IF;
    ELSIF (NEW.workflow_id, NEW.version, NEW.published_at) IS NOT DISTINCT FROM (OLD.workflow_id, OLD.version, OLD.published_at) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'tr_workflow_versions__published_stay: a published version stays published'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_versions', CONSTRAINT = 'tr_workflow_versions__published_stay';
END
$function$
