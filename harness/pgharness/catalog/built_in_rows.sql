-- built_in_rows
-- By catalog, how many rows came with the server, and how many of them were written by the transaction %(since)s or a later one.
-- There is no order among transactions but that of their age (xmin; manual, "System Columns").
SELECT written.catalog, count(*), count(*) FILTER (WHERE age(written.version) <= age(%(since)s::xid))
FROM (
    SELECT 'pg_attribute', a.xmin FROM pg_catalog.pg_attribute a WHERE a.attrelid < 16384
    UNION ALL
    SELECT 'pg_class', c.xmin FROM pg_catalog.pg_class c WHERE c.oid < 16384
    UNION ALL
    SELECT 'pg_init_privs', i.xmin FROM pg_catalog.pg_init_privs i WHERE i.objoid < 16384
    UNION ALL
    SELECT 'pg_proc', p.xmin FROM pg_catalog.pg_proc p WHERE p.oid < 16384
    UNION ALL
    SELECT 'pg_type', t.xmin FROM pg_catalog.pg_type t WHERE t.oid < 16384
) written(catalog, version)
GROUP BY written.catalog
ORDER BY written.catalog
