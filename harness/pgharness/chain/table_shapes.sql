-- table_shapes
-- The tables whose contents are compared: ordinary and partitioned ones of users, with their columns and the primary key's, as JSON.
-- Left out: partitions (their rows are read through their parent), temporary tables, what extensions own, and columns of the reg… types,
-- which are written by name and so change where nothing does.
SELECT c.oid::text AS oid,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
       c.relkind::text AS kind,
       (SELECT pg_catalog.json_agg(
                 pg_catalog.json_build_array(
                   pg_catalog.quote_ident(a.attname), a.attnum,
                   pg_catalog.format_type(a.atttypid, a.atttypmod) || coalesce(
                     (SELECT ' ' || pg_catalog.string_agg(pg_catalog.format_type(f.atttypid, f.atttypmod), ', ' ORDER BY f.attnum)
                      FROM pg_catalog.pg_attribute AS f
                      WHERE f.attrelid <> 0 AND f.attnum > 0 AND NOT f.attisdropped
                        AND f.attrelid IN (t.typrelid, (SELECT e.typrelid FROM pg_catalog.pg_type AS e WHERE e.oid = t.typelem))),
                     ''),
                   ARRAY(SELECT l.enumlabel FROM pg_catalog.pg_enum AS l
                         WHERE l.enumtypid IN (t.oid, t.typelem, t.typbasetype) ORDER BY l.enumsortorder),
                   a.attgenerated <> '')
                 ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND NOT (t.typnamespace = 'pg_catalog'::regnamespace AND t.typname ~ '^_?reg'))::text AS columns,
       (SELECT pg_catalog.json_agg(pg_catalog.quote_ident(a.attname) ORDER BY k.place)
        FROM pg_catalog.pg_index AS i
        CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts)::text AS key
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                    AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
