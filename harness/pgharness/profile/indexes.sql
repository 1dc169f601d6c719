-- Indexes of tables of users; those of partitioned tables hold nothing themselves.
SELECT pg_catalog.format('%I.%I', n.nspname, x.relname),
       pg_catalog.format('%I.%I', tn.nspname, t.relname),
       coalesce(pg_catalog.pg_relation_size(x.oid), 0)
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
WHERE x.relkind = 'i'
  AND t.relkind IN ('r', 'm')
  AND t.relpersistence <> 't'
  AND tn.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1
