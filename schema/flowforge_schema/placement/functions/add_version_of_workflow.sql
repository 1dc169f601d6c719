CREATE OR REPLACE FUNCTION add_version_of_workflow()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    EXECUTE format(
        'INSERT INTO %s (workflow_id, version, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING',
        shard_beside(TG_TABLE_NAME, TG_TABLE_SCHEMA, 'workflow_versions')
    ) USING NEW.id, NEW.version, NEW.updated_at;
    RETURN NULL;
END
$function$
