-- collations
-- Collations made by users.
-- only where EXISTS (SELECT FROM pg_collation WHERE oid >= 16384)
SELECT 'pg_collation'::regclass, coll.oid, 0, NULL, NULL,
       'collation', schema.name || '.' || quote_ident(coll.collname), fact.property, fact.value
FROM pg_collation coll JOIN schema ON schema.oid = coll.collnamespace
JOIN role ON role.oid = coll.collowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'collation'),
    ('owner', role.unusual_name),
    ('provider', CASE coll.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' ELSE 'default' END),
    ('deterministic', CASE WHEN NOT coll.collisdeterministic THEN 'false' END),
    ('locale', quote_literal(coll.colllocale)),
    ('lc_collate', quote_literal(coll.collcollate)),
    ('lc_ctype', quote_literal(coll.collctype)),
    ('rules', quote_literal(coll.collicurules))
) fact(property, value)
WHERE coll.oid >= 16384 AND fact.value IS NOT NULL
