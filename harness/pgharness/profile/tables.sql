-- Tables, partitions and materialized views of users, with the number of rows as the planner reckons it: density times pages of today.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
       CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'm' THEN 'materialized view' ELSE 'table' END,
       CASE WHEN c.reltuples < 0 AND c.relkind <> 'p' THEN NULL
            WHEN c.relpages > 0 THEN (c.reltuples / c.relpages * pages.now)::bigint
            ELSE greatest(c.reltuples, 0)::bigint END,
       coalesce(pg_catalog.pg_relation_size(c.oid), 0),
       coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0),
       coalesce((SELECT pg_catalog.format('%I.%I', pn.nspname, p.relname)
                 FROM pg_catalog.pg_inherits AS i
                 JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
                 JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
                 WHERE i.inhrelid = c.oid AND c.relispartition), '')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.pg_relation_size(c.oid), 0)
                           / pg_catalog.current_setting('block_size')::bigint AS now) AS pages
WHERE c.relkind IN ('r', 'p', 'm')
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
