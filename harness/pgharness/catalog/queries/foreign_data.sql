-- foreign_data
-- Foreign data wrappers, servers and user mappings. Options of a mapping are seen only by those who may use it.
-- only where EXISTS (SELECT FROM pg_foreign_data_wrapper)
SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, NULL, NULL, 'foreign data wrapper', quote_ident(w.fdwname), fact.property, fact.value
FROM pg_foreign_data_wrapper w
JOIN role ON role.oid = w.fdwowner
CROSS JOIN LATERAL (
    VALUES ('exists', 'foreign data wrapper'), ('owner', role.unusual_name),
           ('handler', CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regproc::text END),
           ('validator', CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regproc::text END)
    UNION ALL
    SELECT 'wrapper option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
    FROM unnest(w.fdwoptions) AS o(setting)
) fact(property, value)
WHERE fact.value IS NOT NULL
UNION ALL
SELECT 'pg_foreign_server'::regclass, s.oid, 0, NULL, NULL, 'server', quote_ident(s.srvname), fact.property, fact.value
FROM pg_foreign_server s
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
JOIN role ON role.oid = s.srvowner
CROSS JOIN LATERAL (
    VALUES ('exists', 'server'), ('owner', role.unusual_name), ('foreign data wrapper', quote_ident(w.fdwname)),
           ('type', quote_literal(s.srvtype)), ('version', quote_literal(s.srvversion))
    UNION ALL
    SELECT 'wrapper option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
    FROM unnest(s.srvoptions) AS o(setting)
) fact(property, value)
WHERE fact.value IS NOT NULL
UNION ALL
SELECT 'pg_user_mapping'::regclass, m.umid, 0, 'pg_foreign_server'::regclass, m.srvid,
       'user mapping', CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE role.name END || ' on ' || quote_ident(m.srvname), fact.property, fact.value
FROM pg_user_mappings m
LEFT JOIN role ON role.oid = m.umuser
CROSS JOIN LATERAL (
    VALUES ('exists', 'user mapping'), ('server', quote_ident(m.srvname)),
           ('user', CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE role.name END)
    UNION ALL
    SELECT 'wrapper option ' || split_part(o.setting, '=', 1), substr(o.setting, strpos(o.setting, '=') + 1)
    FROM unnest(m.umoptions) AS o(setting)
) fact(property, value)
WHERE fact.value IS NOT NULL
