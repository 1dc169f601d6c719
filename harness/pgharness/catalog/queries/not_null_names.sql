-- not_null_names
-- NOT NULL constraints by name alone, so that a comment on one finds its object; all else is told with the column or domain.
SELECT 'pg_constraint'::regclass, con.oid, 0, 'pg_class'::regclass, r.oid,
       'not null constraint', r.name || '.' || quote_ident(con.conname), NULL, NULL
FROM relation r
JOIN pg_constraint con ON con.conrelid = r.oid AND con.contype = 'n'
UNION ALL
SELECT 'pg_constraint'::regclass, con.oid, 0, 'pg_type'::regclass, t.oid,
       'domain not null constraint', t.name || '.' || quote_ident(con.conname), NULL, NULL
FROM data_type t
JOIN pg_constraint con ON con.contypid = t.oid AND con.contype = 'n'
