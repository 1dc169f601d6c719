-- columns
-- Columns of tables; of a view's columns only what its definition does not say.
SELECT 'pg_class'::regclass, a.attrelid, a.attnum::integer, 'pg_class'::regclass, r.oid,
       'column', r.name || '.' || quote_ident(a.attname), '*', to_json(CASE WHEN r.relkind IN ('v', 'm') THEN '{}' ELSE ARRAY[
           'exists', 'column',
           'position', a.position::text,
           'type', format_type(a.atttypid, a.atttypmod),
           'not null', CASE WHEN a.attnotnull OR nn.oid IS NOT NULL THEN 'true' END,
           'collation', quote_ident(collation_schema.nspname) || '.' || quote_ident(coll.collname)
       ] END || ARRAY[
           'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
           'generated', CASE WHEN a.attgenerated <> '' THEN '(' || pg_get_expr(d.adbin, d.adrelid) || ')'
               || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END,
           'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
           'inherited', CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN 'merged' ELSE 'only' END END,
           'not null constraint', CASE WHEN nn.conname <> r.relname || '_' || a.attname || '_not_null' THEN quote_ident(nn.conname) END,
           'not null no inherit', CASE WHEN nn.connoinherit THEN 'true' END,
           'not null validated', CASE WHEN NOT nn.convalidated THEN 'false' END,
           'not null inherited', CASE WHEN nn.coninhcount > 0 THEN CASE WHEN nn.conislocal THEN 'merged' ELSE 'only' END END,
           'storage', CASE WHEN r.relkind <> 'v' AND a.attstorage <> t.typstorage THEN
               CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
           'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
           'statistics target', nullif(a.attstattarget, -1)::text
       ] || CASE WHEN a.attoptions IS NOT NULL OR a.attfdwoptions IS NOT NULL THEN ARRAY(
           SELECT unnest(ARRAY[o.word || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)])
           FROM (SELECT 'option ', unnest(a.attoptions) UNION ALL SELECT 'wrapper option ', unnest(a.attfdwoptions)) AS o(word, setting)
           -- From 15.20 on the server keeps a version of its own among a column's options.
           WHERE o.word <> 'option ' OR split_part(o.setting, '=', 1) <> 'pg_attver') END)::text
FROM relation r
JOIN (SELECT *, row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS position
      FROM pg_attribute
      WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped) a ON a.attrelid = r.oid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
LEFT JOIN pg_collation coll ON coll.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_namespace collation_schema ON collation_schema.oid = coll.collnamespace
WHERE r.relkind <> 'S'
