-- languages
-- Procedural languages, transforms, casts, conversions and access methods made by users.
-- only where EXISTS (SELECT FROM pg_language WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_transform WHERE oid >= 16384)
--    OR EXISTS (SELECT FROM pg_cast WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_conversion WHERE oid >= 16384)
--    OR EXISTS (SELECT FROM pg_am WHERE oid >= 16384)
SELECT 'pg_language'::regclass, l.oid, 0, NULL, NULL, 'language', quote_ident(l.lanname), fact.property, fact.value
FROM pg_language l
JOIN role ON role.oid = l.lanowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'language'), ('owner', role.unusual_name), ('trusted', CASE WHEN l.lanpltrusted THEN 'true' END),
    ('handler', CASE WHEN l.lanplcallfoid <> 0 THEN l.lanplcallfoid::regproc::text END),
    ('inline', CASE WHEN l.laninline <> 0 THEN l.laninline::regproc::text END),
    ('validator', CASE WHEN l.lanvalidator <> 0 THEN l.lanvalidator::regproc::text END)
) fact(property, value)
WHERE l.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_transform'::regclass, t.oid, 0, NULL, NULL,
       'transform', 'for ' || format_type(t.trftype, NULL) || ' language ' || quote_ident(l.lanname), fact.property, fact.value
FROM pg_transform t
JOIN pg_language l ON l.oid = t.trflang
CROSS JOIN LATERAL (VALUES
    ('exists', 'transform'), ('from sql', CASE WHEN t.trffromsql <> 0 THEN t.trffromsql::regprocedure::text END),
    ('to sql', CASE WHEN t.trftosql <> 0 THEN t.trftosql::regprocedure::text END)
) fact(property, value)
WHERE t.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_cast'::regclass, c.oid, 0, NULL, NULL,
       'cast', '(' || format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL) || ')', fact.property, fact.value
FROM pg_cast c
CROSS JOIN LATERAL (VALUES
    ('exists', 'cast'), ('function', CASE WHEN c.castfunc <> 0 THEN c.castfunc::regprocedure::text END),
    ('method', CASE c.castmethod WHEN 'i' THEN 'inout' WHEN 'b' THEN 'binary' END),
    ('context', CASE c.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' END)
) fact(property, value)
WHERE c.oid >= 16384 AND fact.value IS NOT NULL
  -- The cast from a range type to its multirange type comes with them (pg_depend, internal).
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')
UNION ALL
SELECT 'pg_conversion'::regclass, c.oid, 0, NULL, NULL,
       'conversion', schema.name || '.' || quote_ident(c.conname), fact.property, fact.value
FROM pg_conversion c JOIN schema ON schema.oid = c.connamespace
JOIN role ON role.oid = c.conowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'conversion'), ('owner', role.unusual_name), ('from', quote_literal(pg_encoding_to_char(c.conforencoding))),
    ('to', quote_literal(pg_encoding_to_char(c.contoencoding))), ('function', c.conproc::text),
    ('default', CASE WHEN c.condefault THEN 'true' END)
) fact(property, value)
WHERE c.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_am'::regclass, a.oid, 0, NULL, NULL, 'access method', quote_ident(a.amname), fact.property, fact.value
FROM pg_am a
CROSS JOIN LATERAL (VALUES
    ('exists', 'access method'), ('type', CASE a.amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END),
    ('handler', a.amhandler::text)
) fact(property, value)
WHERE a.oid >= 16384 AND fact.value IS NOT NULL
