-- attributes
-- The attributes of composite types.
-- only where EXISTS (SELECT FROM pg_class WHERE oid >= 16384 AND relkind = 'c')
SELECT 'pg_class'::regclass, a.attrelid, a.attnum::integer, 'pg_type'::regclass, t.oid,
       'attribute', t.name || '.' || quote_ident(a.attname), fact.property, fact.value
FROM data_type t
JOIN (SELECT *, row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS position
      FROM pg_attribute
      WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped) a ON a.attrelid = t.typrelid
JOIN pg_type base ON base.oid = a.atttypid
LEFT JOIN pg_collation coll ON coll.oid = a.attcollation
LEFT JOIN pg_namespace collation_schema ON collation_schema.oid = coll.collnamespace
CROSS JOIN LATERAL (VALUES
    ('exists', 'attribute'),
    ('position', a.position::text),
    ('type', format_type(a.atttypid, a.atttypmod)),
    ('collation', CASE WHEN a.attcollation <> base.typcollation
                       THEN quote_ident(collation_schema.nspname) || '.' || quote_ident(coll.collname) END)
) fact(property, value)
WHERE t.typtype = 'c' AND fact.value IS NOT NULL
