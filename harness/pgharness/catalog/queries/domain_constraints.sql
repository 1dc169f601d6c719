-- domain_constraints
-- The CHECK constraints of domains.
-- only where EXISTS (SELECT FROM pg_type WHERE oid >= 16384 AND typtype = 'd')
SELECT 'pg_constraint'::regclass, con.oid, 0, 'pg_type'::regclass, t.oid,
       'domain constraint', t.name || '.' || quote_ident(con.conname), fact.property, fact.value
FROM data_type t
JOIN pg_constraint con ON con.contypid = t.oid AND con.contype = 'c'
CROSS JOIN LATERAL (VALUES
    ('exists', 'check'),
    ('definition', pg_get_constraintdef(con.oid)),
    ('validated', CASE WHEN NOT con.convalidated THEN 'false' END)
) fact(property, value)
WHERE fact.value IS NOT NULL
