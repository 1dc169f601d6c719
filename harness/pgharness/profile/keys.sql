-- Columns of whole numbers that a sequence gives, how far it has come, and the columns that refer to them. Where a role may not read the
-- sequence, its position is not known, as in pg_sequences. One that begins anew at its end never ends.
WITH given AS (
  SELECT d.refobjid AS relation, d.refobjsubid AS number, d.objid AS sequence
  FROM pg_catalog.pg_depend AS d
  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
    AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  UNION
  SELECT f.adrelid, f.adnum, d.refobjid
  FROM pg_catalog.pg_attrdef AS f
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
  WHERE d.refclassid = 'pg_catalog.pg_class'::regclass
),
typed AS (
  SELECT a.attrelid, a.attnum, pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name,
         pg_catalog.format_type(coalesce(nullif(y.typbasetype, 0), y.oid), NULL) AS type
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema')
)
SELECT own.name, own.type,
       pg_catalog.format('%I.%I', n.nspname, s.relname),
       pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE'),
       CASE WHEN pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE') THEN pg_catalog.pg_sequence_last_value(s.oid) END,
       q.seqmax,
       coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(other.name, other.type) ORDER BY other.name)
                 FROM pg_catalog.pg_constraint AS k
                 JOIN typed AS other ON other.attrelid = k.conrelid AND other.attnum = k.conkey[1]
                 WHERE k.contype = 'f' AND k.confrelid = own.attrelid AND k.confkey = ARRAY[own.attnum]), '[]')
FROM given
JOIN typed AS own ON own.attrelid = given.relation AND own.attnum = given.number
JOIN pg_catalog.pg_class AS s ON s.oid = given.sequence AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid
WHERE q.seqincrement > 0 AND NOT q.seqcycle
ORDER BY 1, 3
