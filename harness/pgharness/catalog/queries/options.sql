-- options
-- Storage parameters and view options; those of the TOAST table under "toast.", a foreign data wrapper's as "wrapper option". Those of
-- columns are told with them.
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
SELECT 'pg_class'::regclass, r.oid, 0, NULL, NULL, r.kind, r.name,
       'wrapper option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
FROM relation r
JOIN pg_foreign_table ft ON ft.ftrelid = r.oid
CROSS JOIN LATERAL unnest(ft.ftoptions) AS o(setting)
