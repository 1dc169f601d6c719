CREATE OR REPLACE FUNCTION keep_published_steps()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    is_published boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'SELECT coalesce(bool_or(published_at IS NOT NULL), false) FROM (SELECT named.published_at'
        ' FROM %s AS named JOIN %s AS workflow ON workflow.id = named.workflow_id'
        ' WHERE (named.workflow_id = $1 AND named.version = $2) OR (named.workflow_id = $3 AND named.version = $4)'
        ' FOR SHARE OF named) AS locked',
        shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_versions'), shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflows')
    ) INTO is_published USING OLD.workflow_id, OLD.workflow_version, NEW.workflow_id, NEW.workflow_version;
    IF is_published THEN
        RAISE EXCEPTION 'tr_workflow_steps__published_stay: the steps of a published version stay as they are'
            USING ERRCODE = 'restrict_violation', TABLE = 'workflow_steps', CONSTRAINT = 'tr_workflow_steps__published_stay';
    END IF;
    RETURN NULL;
END
$function$
