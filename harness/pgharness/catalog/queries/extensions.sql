-- extensions
-- Installed extensions; what belongs to one is left out everywhere.
-- only where EXISTS (SELECT FROM pg_extension WHERE oid >= 16384)
SELECT 'pg_extension'::regclass, e.oid, 0, NULL, NULL, 'extension', quote_ident(e.extname), fact.property, fact.value
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
CROSS JOIN LATERAL (VALUES
    ('exists', 'extension'), ('schema', quote_ident(n.nspname)), ('version', e.extversion)
) fact(property, value)
WHERE e.oid >= 16384 AND fact.value IS NOT NULL
