-- schemas
-- Schemas other than the server's own. Public belongs to pg_database_owner where nobody changed that.
SELECT 'pg_namespace'::regclass::oid AS class, schema.oid AS oid, 0 AS sub, NULL::oid AS parent_class, NULL::oid AS parent,
       'schema' AS kind, schema.name AS object, fact.property AS property, fact.value AS value
FROM schema
LEFT JOIN role ON role.oid = schema.nspowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'schema'),
    ('owner', CASE WHEN schema.nspname <> 'public' THEN role.unusual_name
                   WHEN role.name <> 'pg_database_owner' THEN role.name END)
) fact(property, value)
WHERE fact.value IS NOT NULL
