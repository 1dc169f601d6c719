-- What this node knows of the cluster, as one document: its own group, the nodes, where the tables of the current schema lie, the anchor.
SELECT jsonb_build_object(
    'group', (SELECT groupid FROM pg_catalog.pg_dist_local_group),
    'nodes', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'address', nodename || ':' || nodeport, 'group', groupid, 'is_active', isactive, 'holds_shards', shouldhaveshards
        ) ORDER BY groupid), '[]') FROM pg_catalog.pg_dist_node WHERE noderole = 'primary'),
    'tables', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', c.relname,
            'kind', CASE WHEN p.partmethod = 'h' THEN 'distributed' WHEN p.repmodel = 't' THEN 'reference' ELSE 'local' END,
            'column', CASE WHEN p.partmethod = 'h' THEN pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) END,
            'colocation', p.colocationid,
            'local_bytes', pg_catalog.pg_relation_size(c.oid)
        ) ORDER BY c.relname), '[]')
        FROM pg_catalog.pg_dist_partition AS p
        JOIN pg_catalog.pg_class AS c ON c.oid = p.logicalrelid
        WHERE c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace),
    'anchor_trigger', (SELECT replace(pg_catalog.pg_get_triggerdef(g.oid), quote_ident(pg_catalog.current_schema()) || '.', '')
        FROM pg_catalog.pg_trigger AS g
        WHERE (g.tgrelid = to_regclass('outbox_events')) AND (g.tgname = 'two_phase') AND (g.tgenabled = 'O')),
    'unfinished', (SELECT count(*) FROM pg_catalog.pg_prepared_xacts
        WHERE (database = current_database()) AND (prepared < now() - interval '2 minutes'))
)
