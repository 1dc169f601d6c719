-- schemas
-- Schemas other than the server's own. Public belongs to pg_database_owner where nobody changed that.
SELECT 'pg_namespace'::regclass, schema.oid, 0, NULL, NULL, 'schema', schema.name, '*', to_json(ARRAY[
           'exists', 'schema',
           'owner', CASE WHEN schema.nspname <> 'public' THEN role.unusual_name
                         WHEN role.name <> 'pg_database_owner' THEN role.name END
       ])::text
FROM schema
LEFT JOIN role ON role.oid = schema.nspowner
