-- columns
-- Columns of tables; of a view's columns only what its definition does not say.
SELECT 'pg_class'::regclass, a.attrelid, a.attnum::integer, 'pg_class'::regclass, r.oid,
       'column', r.name || '.' || quote_ident(a.attname), fact.property, fact.value
FROM relation r
JOIN (SELECT *, row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS position
      FROM pg_attribute
      WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped) a ON a.attrelid = r.oid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
LEFT JOIN pg_collation coll ON coll.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_namespace collation_schema ON collation_schema.oid = coll.collnamespace
-- Two arrays and not VALUES, whose expressions the server would prepare anew for every column.
CROSS JOIN LATERAL unnest(
    ARRAY[
        'exists', 'position', 'type', 'not null', 'collation', 'default', 'generated', 'identity', 'inherited',
        'not null constraint', 'not null no inherit', 'not null validated', 'not null inherited', 'storage',
        'compression', 'statistics target'
    ],
    CASE WHEN r.relkind IN ('v', 'm') THEN ARRAY[NULL, NULL, NULL, NULL, NULL] ELSE ARRAY[
        'column',
        a.position::text,
        format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull OR nn.oid IS NOT NULL THEN 'true' END,
        quote_ident(collation_schema.nspname) || '.' || quote_ident(coll.collname)
    ] END || ARRAY[
        CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        CASE WHEN a.attgenerated <> '' THEN '(' || pg_get_expr(d.adbin, d.adrelid) || ')'
             || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END,
        CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN 'merged' ELSE 'only' END END,
        CASE WHEN nn.conname <> r.relname || '_' || a.attname || '_not_null' THEN quote_ident(nn.conname) END,
        CASE WHEN nn.connoinherit THEN 'true' END,
        CASE WHEN NOT nn.convalidated THEN 'false' END,
        CASE WHEN nn.coninhcount > 0 THEN CASE WHEN nn.conislocal THEN 'merged' ELSE 'only' END END,
        CASE WHEN r.relkind <> 'v' AND a.attstorage <> t.typstorage THEN
             CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
                               ELSE 'extended' END END,
        CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
        nullif(a.attstattarget, -1)::text
    ]
) AS fact(property, value)
WHERE r.relkind <> 'S' AND fact.value IS NOT NULL
