-- objects
-- What the release before may speak of: every table, view, function and sequence of users, as JSON. Left out is what extensions own.
WITH own AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::regclass
), spaces AS (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), relations AS (
    SELECT c.oid, c.relkind, c.relispopulated, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class AS c JOIN spaces AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND NOT EXISTS (SELECT FROM own WHERE own.classid = 'pg_catalog.pg_class'::regclass AND own.objid = c.oid)
)
SELECT
    (SELECT coalesce(json_agg(json_build_object(
        'name', r.name, 'kind', r.relkind, 
        'definition', CASE WHEN r.relkind = 'v' THEN pg_catalog.pg_get_viewdef(r.oid) END,
        'columns', (SELECT coalesce(json_agg(quote_ident(a.attname) ORDER BY a.attnum), '[]')
                    FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'counted', (SELECT coalesce(json_agg(quote_ident(a.attname) ORDER BY a.attnum), '[]')
                    FROM pg_catalog.pg_attribute AS a
                    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                      AND (a.attidentity = 'd' OR (a.attidentity = '' AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%'))),
        'key', (SELECT coalesce(json_agg(quote_ident(a.attname) ORDER BY k.place), '[]')
                FROM pg_catalog.pg_index AS i
                CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.attnum
                WHERE i.indrelid = r.oid AND i.indisprimary),
        'arbiters', (SELECT coalesce(json_agg(json_build_object(
                'about', CASE WHEN con.oid IS NULL THEN 'index ' || format('%I.%I', n.nspname, ic.relname)
                              ELSE 'constraint ' || r.name || '.' || quote_ident(con.conname) END,
                'columns', (SELECT coalesce(json_agg(quote_ident(a.attname)), '[]') FROM pg_catalog.pg_attribute AS a
                            WHERE a.attrelid = r.oid AND a.attnum = ANY (i.indkey)),
                'target', '(' || (SELECT string_agg(CASE WHEN i.indkey[at - 1] = 0
                                         THEN '(' || pg_catalog.pg_get_indexdef(i.indexrelid, at, true) || ')'
                                         ELSE pg_catalog.pg_get_indexdef(i.indexrelid, at, true) END, ', ' ORDER BY at)
                                  FROM generate_series(1, i.indnkeyatts) AS at) || ')'
                          || coalesce(' WHERE ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid), '')) ORDER BY ic.relname), '[]')
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = ic.relnamespace
            LEFT JOIN pg_catalog.pg_constraint AS con ON con.conindid = i.indexrelid AND con.conrelid = r.oid
            WHERE i.indrelid = r.oid AND i.indisunique AND i.indisvalid AND i.indimmediate)) ORDER BY r.name), '[]')
     FROM relations AS r
     WHERE NOT (r.relkind = 'm' AND NOT r.relispopulated)
       -- A sequence that a column owns is its table's own business.
       AND NOT (r.relkind = 'S' AND EXISTS (
           SELECT FROM pg_catalog.pg_depend AS d
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')))) AS relations,
    (SELECT coalesce(json_agg(json_build_object(
        'name', format('%I.%I', n.nspname, p.proname),
        'arguments', pg_catalog.pg_get_function_identity_arguments(p.oid),
        'types', (SELECT coalesce(json_agg(pg_catalog.format_type(t.oid, NULL) ORDER BY t.place), '[]')
                  FROM unnest(p.proargtypes) WITH ORDINALITY AS t(oid, place)),
        'defaults', p.pronargdefaults) ORDER BY p.oid), '[]')
     FROM pg_catalog.pg_proc AS p JOIN spaces AS n ON n.oid = p.pronamespace
     WHERE p.prokind = 'f' AND p.provariadic = 0 AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS t(oid) JOIN pg_catalog.pg_type AS y USING (oid)
                       WHERE y.typtype = 'p')
       AND NOT EXISTS (SELECT FROM own WHERE own.classid = 'pg_catalog.pg_proc'::regclass AND own.objid = p.oid)) AS functions
