CREATE OR REPLACE FUNCTION add_version_of_step()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- The times are those of the step: each node has a clock of its own, and the copies have to be alike.
    EXECUTE format(
        'INSERT INTO %s (workflow_id, version, created_at, updated_at)'
        ' SELECT id, $2, $3, $3 FROM %s WHERE id = $1 AND $2 >= 1 ON CONFLICT DO NOTHING',
        shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_versions'), shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflows')
    ) USING NEW.workflow_id, NEW.workflow_version, NEW.created_at;
    RETURN NEW;
END
$function$
