-- What has to be known of a table to make many rows from the few that it has: columns that take a value, and the columns of each unique index,
-- also those in its expressions. Parents of foreign keys of one column come with them.
SELECT
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', pg_catalog.quote_ident(a.attname), 'number', a.attnum,
      'type', pg_catalog.format_type(coalesce(nullif(y.typbasetype, 0), y.oid), NULL), 'cast', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'parent', (SELECT pg_catalog.json_build_array(pg_catalog.format('%I.%I', pn.nspname, p.relname), pg_catalog.quote_ident(pa.attname))
                 FROM pg_catalog.pg_constraint AS k
                 JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
                 JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
                 JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = k.confrelid AND pa.attnum = k.confkey[1]
                 WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum] LIMIT 1)) ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute AS a
   JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  (SELECT coalesce(pg_catalog.json_agg(parts.numbers), '[]')
   FROM pg_catalog.pg_index AS i
   CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(DISTINCT part.number ORDER BY part.number) AS numbers
                       FROM (SELECT key.number::int FROM pg_catalog.unnest(i.indkey::int2[]) AS key (number) WHERE key.number > 0
                             UNION
                             SELECT d.refobjsubid FROM pg_catalog.pg_depend AS d
                             WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = c.oid
                               AND d.refobjsubid > 0) AS part (number)) AS parts
   WHERE i.indrelid = c.oid AND i.indisunique)
FROM pg_catalog.pg_class AS c
WHERE c.oid = %s::regclass
