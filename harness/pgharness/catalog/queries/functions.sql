-- functions
-- Functions, window functions, procedures; aggregates by name and owner (their parts have a query of their own).
-- only where EXISTS (SELECT FROM pg_proc WHERE oid >= 16384)
SELECT 'pg_proc'::regclass, p.oid, 0, NULL, NULL, 'function', p.oid::regprocedure::text, fact.property, fact.value
FROM routine p
JOIN role ON role.oid = p.proowner
CROSS JOIN LATERAL (VALUES
    ('exists', CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window function'
                              ELSE 'function' END),
    ('owner', role.unusual_name),
    ('definition', CASE WHEN p.prokind <> 'a' THEN rtrim(pg_get_functiondef(p.oid), E'\n') END)
) fact(property, value)
WHERE fact.value IS NOT NULL
