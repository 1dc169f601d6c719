-- options
-- Storage parameters and view options, one fact each; those of the TOAST table under "toast.".
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
       'option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid
CROSS JOIN LATERAL unnest(a.attoptions || a.attfdwoptions) AS o(setting)
WHERE a.attoptions IS NOT NULL OR a.attfdwoptions IS NOT NULL
UNION ALL
SELECT 'pg_class'::regclass, r.oid, 0, NULL, NULL, r.kind, r.name,
       'option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r
JOIN pg_foreign_table ft ON ft.ftrelid = r.oid
CROSS JOIN LATERAL unnest(ft.ftoptions) AS o(setting)
