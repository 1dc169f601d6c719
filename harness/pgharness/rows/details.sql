-- details
-- Columns, conditions, foreign keys and unique keys of the tables whose oids are given, each a JSON array.
SELECT c.oid,
    (SELECT coalesce(json_agg(json_build_object(
            'name', quote_ident(a.attname), 'type_oid', a.atttypid::bigint,
            'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod), 'modifier', a.atttypmod,
            'not_null', a.attnotnull, 'number', a.attnum, 'default_expression', CASE WHEN a.attgenerated = ''
                THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
            'default', CASE WHEN a.attidentity <> '' THEN 'sequence' WHEN d.oid IS NULL THEN ''
                            WHEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%' THEN 'sequence'
                            ELSE 'value' END) ORDER BY a.attnum), '[]')
     FROM pg_catalog.pg_attribute AS a
     LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
    (SELECT coalesce(json_agg(json_build_object(
            'name', quote_ident(con.conname), 'expression', pg_catalog.pg_get_expr(con.conbin, con.conrelid),
            'columns', (SELECT json_agg(quote_ident(a.attname) ORDER BY a.attnum)
                        FROM pg_catalog.pg_attribute AS a
                        WHERE a.attrelid = con.conrelid AND a.attnum > 0 AND NOT a.attisdropped
                          AND a.attgenerated = ''
                          -- 0 stands for the row as a whole; a generated column may come of any other.
                          AND (a.attnum = ANY (con.conkey) OR 0 = ANY (con.conkey) OR EXISTS (
                              SELECT FROM pg_catalog.pg_attribute AS made
                              WHERE made.attrelid = con.conrelid AND made.attnum = ANY (con.conkey)
                                AND made.attgenerated <> '')))) ORDER BY con.conname), '[]')
     FROM pg_catalog.pg_constraint AS con
     WHERE con.conrelid = c.oid AND con.contype = 'c' AND con.conkey IS NOT NULL) AS checks,
    (SELECT coalesce(json_agg(json_build_object(
            'name', quote_ident(con.conname),
            'referred_table', format('%%I.%%I', rn.nspname, rc.relname),
            'columns', (SELECT json_agg(quote_ident(a.attname) ORDER BY k.place)
                        FROM unnest(con.conkey) WITH ORDINALITY AS k(attnum, place)
                        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = k.attnum),
            'referred_columns', (SELECT json_agg(quote_ident(a.attname) ORDER BY k.place)
                                 FROM unnest(con.confkey) WITH ORDINALITY AS k(attnum, place)
                                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = con.confrelid AND a.attnum = k.attnum)
            ) ORDER BY con.conname), '[]')
     FROM pg_catalog.pg_constraint AS con
     JOIN pg_catalog.pg_class AS rc ON rc.oid = con.confrelid
     JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
     WHERE con.conrelid = c.oid AND con.contype = 'f' AND con.conparentid = 0) AS foreign_keys,
    (SELECT coalesce(json_object_agg(ic.relname, (
            SELECT coalesce(json_agg(quote_ident(a.attname)), '[]')
            FROM pg_catalog.pg_attribute AS a
            -- The columns that an expression or a predicate reads stand in pg_depend.
            WHERE a.attrelid = c.oid AND (a.attnum = ANY (i.indkey) OR EXISTS (
                SELECT FROM pg_catalog.pg_depend AS dep
                WHERE dep.classid = 'pg_catalog.pg_class'::regclass AND dep.objid = i.indexrelid
                  AND dep.refobjid = c.oid AND dep.refobjsubid = a.attnum)))), '{}')
     FROM pg_catalog.pg_index AS i
     JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
     WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)) AS keys,
    (SELECT coalesce(json_agg(json_build_object(
            'columns', (SELECT json_agg(DISTINCT quote_ident(a.attname))
                        FROM pg_catalog.pg_attribute AS a
                        WHERE a.attrelid = c.oid AND (a.attnum = ANY (pt.partattrs) OR EXISTS (
                            SELECT FROM pg_catalog.pg_depend AS dep
                            WHERE dep.classid = 'pg_catalog.pg_class'::regclass AND dep.objid = c.oid
                              AND dep.refobjid = c.oid AND dep.refobjsubid = a.attnum AND 0 = ANY (pt.partattrs)))),
            'expression', pg_catalog.pg_get_partition_constraintdef(inh.inhrelid)) ORDER BY inh.inhrelid), '[]')
     FROM pg_catalog.pg_partitioned_table AS pt
     JOIN pg_catalog.pg_inherits AS inh ON inh.inhparent = pt.partrelid
     WHERE pt.partrelid = c.oid) AS partitions
FROM pg_catalog.pg_class AS c
WHERE c.oid = ANY (%s)
ORDER BY c.oid
