-- indexes
-- Indexes. One that a constraint made has that constraint as parent and leaves the definition to it. The shape is not compared: it tells
-- again, in parts, what the definition tells in a sentence.
SELECT 'pg_class'::regclass, c.oid, 0,
       CASE WHEN con.oid IS NULL THEN 'pg_class'::regclass ELSE 'pg_constraint'::regclass END, coalesce(con.oid, r.oid),
       'index', schema.name || '.' || quote_ident(c.relname), '*', to_json(ARRAY[
           'exists', 'index',
           'table', r.name,
           'definition', CASE WHEN con.oid IS NULL THEN pg_get_indexdef(c.oid) END,
           'valid', CASE WHEN NOT i.indisvalid THEN 'false' END,
           'ready', CASE WHEN NOT i.indisready THEN 'false' END,
           'clustered', CASE WHEN i.indisclustered THEN 'true' END,
           'replica identity', CASE WHEN i.indisreplident THEN 'true' END,
           'tablespace', quote_ident(ts.spcname),
           'partition of', inh.inhparent::regclass::text,
           'shape', concat_ws('|', am.amname, i.indisunique, i.indnullsnotdistinct, con.condeferrable IS TRUE, con.condeferred IS TRUE,
               i.indnkeyatts, i.indkey, i.indoption, i.indclass, i.indcollation,
               CASE WHEN i.indclass::oid[] && (SELECT array_agg(oid) FROM pg_opclass WHERE NOT opcdefault) THEN
                   (SELECT string_agg(o.oid::text, ' ') FROM pg_opclass o WHERE o.oid = ANY (i.indclass::oid[]) AND NOT o.opcdefault)
                   ELSE '' END,
               CASE WHEN coalesce(i.indpred, i.indexprs) IS NULL AND c.reloptions IS NULL THEN '[]' ELSE json_build_array(
                   pg_get_expr(i.indpred, i.indrelid), c.reloptions, CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
                       SELECT CASE WHEN number = 0 THEN pg_get_indexdef(c.oid, place::integer, false) END
                       FROM unnest(i.indkey) WITH ORDINALITY AS key(number, place)) END)::text END)
       ] || CASE WHEN con.oid IS NOT NULL AND c.reloptions IS NOT NULL THEN ARRAY(
           SELECT unnest(ARRAY['option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)])
           FROM unnest(c.reloptions) AS o(setting)) END
         -- Only a column that is an expression can have one (manual, ALTER INDEX).
         || CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
           SELECT unnest(ARRAY['statistics target of column ' || a.attnum, a.attstattarget::text])
           FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attstattarget <> -1) END)::text
FROM relation r
JOIN pg_index i ON i.indrelid = r.oid
JOIN pg_class c ON c.oid = i.indexrelid
JOIN schema ON schema.oid = c.relnamespace
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_constraint con ON con.conindid = c.oid AND con.contype IN ('p', 'u', 'x') AND con.conrelid = r.oid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_inherits inh ON inh.inhrelid = c.oid
