-- not_null_names
-- NOT NULL constraints that have a comment, by name alone, so that it finds its object; all else is told with the column or domain.
SELECT 'pg_constraint'::regclass, con.oid, 0, CASE WHEN r.oid IS NULL THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END,
       coalesce(r.oid, t.oid), CASE WHEN r.oid IS NULL THEN 'domain not null constraint' ELSE 'not null constraint' END,
       coalesce(r.name, t.name) || '.' || quote_ident(con.conname), NULL, NULL
FROM pg_description d
JOIN pg_constraint con ON con.oid = d.objoid AND con.contype = 'n'
LEFT JOIN relation r ON r.oid = con.conrelid
LEFT JOIN data_type t ON t.oid = con.contypid
WHERE d.objoid >= 16384 AND d.classoid = 'pg_constraint'::regclass AND (r.oid IS NOT NULL OR t.oid IS NOT NULL)
