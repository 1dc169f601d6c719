-- policies
-- Row level security policies.
-- only where EXISTS (SELECT FROM pg_policy)
SELECT 'pg_policy'::regclass, p.oid, 0, 'pg_class'::regclass, r.oid,
       'policy', r.name || '.' || quote_ident(p.polname), fact.property, fact.value
FROM relation r
JOIN pg_policy p ON p.polrelid = r.oid
CROSS JOIN LATERAL (VALUES
    ('exists', 'policy'),
    ('command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                              WHEN 'd' THEN 'DELETE' ELSE 'ALL' END),
    ('restrictive', CASE WHEN NOT p.polpermissive THEN 'true' END),
    ('roles', (SELECT string_agg(coalesce(quote_ident(member_role.rolname), 'PUBLIC'), ', ' ORDER BY member_role.rolname)
               FROM unnest(p.polroles) AS u(oid) LEFT JOIN pg_roles member_role ON member_role.oid = u.oid)),
    ('using', pg_get_expr(p.polqual, p.polrelid)),
    ('with check', pg_get_expr(p.polwithcheck, p.polrelid))
) fact(property, value)
WHERE fact.value IS NOT NULL
