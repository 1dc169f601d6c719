-- tables
-- Ordinary and partitioned tables of users, with the bytes that they take: 0 means empty, more may mean dead rows alone; and with the
-- number of columns that were ever made there, also of those that were dropped.
-- Left out: partitions (rows reach them through their parent), what extensions own, and what came with the server (oid below 16384).
SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name,
       CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid)
            ELSE (SELECT coalesce(sum(pg_catalog.pg_relation_size(leaf.relid)), 0)
                  FROM pg_catalog.pg_partition_tree(c.oid) AS leaf
                  WHERE leaf.isleaf) END::bigint AS size_bytes,
       c.relnatts::int AS width
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                    AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
