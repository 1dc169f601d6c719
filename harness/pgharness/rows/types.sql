-- types
-- The types of the columns of the given tables, and all that these are made of: bases, elements, fields.
WITH RECURSIVE used(oid) AS (
    SELECT a.atttypid
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT part.oid
    FROM used
    JOIN pg_catalog.pg_type AS t ON t.oid = used.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
        UNION ALL
        SELECT t.typelem WHERE t.typcategory = 'A'
        UNION ALL
        SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
        UNION ALL
        SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part
)
SELECT t.oid::bigint, t.typname, t.typtype::text AS kind,
       CASE WHEN t.typtype = 'd' THEN t.typbasetype::bigint END AS base, t.typtypmod AS base_modifier,
       CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base_name,
       CASE WHEN t.typcategory = 'A' THEN t.typelem::bigint
            WHEN t.typtype IN ('r', 'm') THEN (SELECT r.rngsubtype::bigint FROM pg_catalog.pg_range AS r
                                               WHERE t.oid IN (r.rngtypid, r.rngmultitypid)) END AS element,
       t.typnotnull AS not_null,
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid
             ORDER BY e.enumsortorder) AS labels,
       ARRAY(SELECT a.atttypid::bigint FROM pg_catalog.pg_attribute AS a
             WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum) AS fields,
       ARRAY(SELECT pg_catalog.pg_get_expr(con.conbin, 0) FROM pg_catalog.pg_constraint AS con
             WHERE con.contypid = t.oid AND con.contype = 'c' ORDER BY con.conname) AS checks
FROM pg_catalog.pg_type AS t
WHERE t.oid IN (SELECT oid FROM used)
ORDER BY t.oid
