-- view_columns
-- The columns of views by name alone, so that a comment or a grant on one finds its object.
-- only where EXISTS (SELECT FROM pg_class WHERE oid >= 16384 AND relkind IN ('v', 'm'))
SELECT 'pg_class'::regclass, a.attrelid, a.attnum::integer, 'pg_class'::regclass, r.oid,
       'column', r.name || '.' || quote_ident(a.attname), NULL, NULL
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE r.relkind IN ('v', 'm')
