-- options
-- Storage parameters and view options, one fact each; those of the TOAST table under "toast.", a foreign data wrapper's as "wrapper option".
SELECT 'pg_class'::regclass, r.oid, 0, NULL, NULL, r.kind, r.name,
       'option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r CROSS JOIN LATERAL unnest(r.reloptions) AS o(setting)
UNION ALL
SELECT 'pg_class'::regclass, r.oid, 0, NULL, NULL, r.kind, r.name,
       'option toast.' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r
JOIN pg_class toast ON toast.oid = r.reltoastrelid
CROSS JOIN LATERAL unnest(toast.reloptions) AS o(setting)
UNION ALL
SELECT 'pg_class'::regclass, r.oid, a.attnum::integer, NULL, NULL, 'column', r.name || '.' || quote_ident(a.attname),
       o.word || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attrelid >= 16384 AND (a.attoptions IS NOT NULL OR a.attfdwoptions IS NOT NULL)
CROSS JOIN LATERAL (
    -- From 15.20 on the server keeps a version of its own among a column's options.
    SELECT 'option ', kept.setting FROM unnest(a.attoptions) AS kept(setting)
    WHERE split_part(kept.setting, '=', 1) <> 'pg_attver'
    UNION ALL
    SELECT 'wrapper option ', unnest(a.attfdwoptions)
) AS o(word, setting)
UNION ALL
SELECT 'pg_class'::regclass, r.oid, 0, NULL, NULL, r.kind, r.name,
       'wrapper option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r
JOIN pg_foreign_table ft ON ft.ftrelid = r.oid
CROSS JOIN LATERAL unnest(ft.ftoptions) AS o(setting)
