-- statistics
-- Extended statistics objects.
-- only where EXISTS (SELECT FROM pg_statistic_ext)
SELECT 'pg_statistic_ext'::regclass, s.oid, 0, 'pg_class'::regclass, r.oid,
       'statistics', schema.name || '.' || quote_ident(s.stxname), fact.property, fact.value
FROM relation r
JOIN pg_statistic_ext s ON s.stxrelid = r.oid
JOIN schema ON schema.oid = s.stxnamespace
JOIN role ON role.oid = s.stxowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'statistics'),
    ('owner', role.unusual_name),
    ('definition', pg_get_statisticsobjdef(s.oid)),
    ('statistics target', nullif(s.stxstattarget, -1)::text)
) fact(property, value)
WHERE fact.value IS NOT NULL
