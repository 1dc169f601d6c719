-- relations
-- Tables, views, materialized views and foreign tables, without their columns. The shape, which is not compared, tells their names and
-- collations by number (pg_attribute.attnum), as the shapes of indexes and constraints name them.
SELECT 'pg_class'::regclass, r.oid, 0, NULL, NULL, r.kind, r.name, '*', to_json(ARRAY[
           'exists', CASE WHEN r.relkind = 'p' THEN 'partitioned table' ELSE r.kind END,
           'owner', role.unusual_name,
           'persistence', CASE WHEN r.relpersistence = 'u' THEN 'unlogged' END,
           'access method', CASE WHEN am.amname <> 'heap' THEN quote_ident(am.amname) END,
           'tablespace', quote_ident(ts.spcname),
           'of type', CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END,
           'partition key', CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
           CASE WHEN r.relispartition THEN 'partition of' ELSE 'inherits' END, inherited.names,
           'partition bound', pg_get_expr(r.relpartbound, r.oid),
           'detach pending', CASE WHEN inherited.detach_pending THEN 'true' END,
           'row security', CASE WHEN r.relrowsecurity THEN 'enabled' END,
           'force row security', CASE WHEN r.relforcerowsecurity THEN 'enabled' END,
           'replica identity', CASE WHEN r.relkind IN ('r', 'p', 'm') THEN
               CASE r.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' END END,
           'definition', CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END,
           'populated', CASE WHEN r.relkind = 'm' AND NOT r.relispopulated THEN 'false' END,
           'server', quote_ident(server.srvname),
           'shape', numbered.columns
       ])::text
FROM relation r
JOIN role ON role.oid = r.relowner
LEFT JOIN pg_am am ON am.oid = r.relam
LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace
LEFT JOIN pg_foreign_table ft ON ft.ftrelid = r.oid
LEFT JOIN pg_foreign_server server ON server.oid = ft.ftserver
LEFT JOIN (
    SELECT i.inhrelid, string_agg(parent.oid::regclass::text, ', ' ORDER BY i.inhseqno) AS names,
           bool_or(i.inhdetachpending) AS detach_pending
    FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE parent.relkind IN ('r', 'p', 'f')
    GROUP BY i.inhrelid) inherited ON inherited.inhrelid = r.oid
LEFT JOIN (
    SELECT a.attrelid, json_build_array(array_agg(quote_ident(a.attname) ORDER BY a.attnum),
                                        array_agg(a.attcollation::text ORDER BY a.attnum))::text AS columns
    FROM pg_attribute a
    WHERE a.attrelid >= 16384 AND a.attnum > 0
    GROUP BY a.attrelid) numbered ON numbered.attrelid = r.oid
WHERE r.relkind <> 'S'
