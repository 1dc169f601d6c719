-- grants
-- Privileges that differ from those of a new object, by address: one fact for a grantee ("*" marks the grant option).
SELECT held.class, held.oid, held.sub, NULL, NULL, NULL, NULL, fact.property, fact.value
FROM (
    SELECT 'pg_class'::regclass::oid AS class, oid, 0 AS sub, relowner AS owner, relacl AS acl,
           CASE WHEN relkind = 'S' THEN 's' ELSE 'r' END::"char" AS acl_kind
    FROM pg_class WHERE oid >= 16384 AND relacl IS NOT NULL
    UNION ALL
    SELECT 'pg_class'::regclass, a.attrelid, a.attnum, c.relowner, a.attacl, 'c'
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attrelid >= 16384 AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, 0, proowner, proacl, 'f' FROM pg_proc WHERE oid >= 16384 AND proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 0, typowner, typacl, 'T' FROM pg_type WHERE oid >= 16384 AND typacl IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace'::regclass, oid, 0, nspowner, nspacl, 'n' FROM pg_namespace WHERE nspacl IS NOT NULL
    UNION ALL
    SELECT 'pg_language'::regclass, oid, 0, lanowner, lanacl, 'l'
    FROM pg_language WHERE oid >= 16384 AND lanacl IS NOT NULL
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwowner, fdwacl, 'F'
    FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, oid, 0, srvowner, srvacl, 'S' FROM pg_foreign_server WHERE srvacl IS NOT NULL
) held
LEFT JOIN pg_init_privs init ON init.classoid = held.class AND init.objoid = held.oid AND init.objsubid = held.sub
CROSS JOIN LATERAL (
    SELECT 'grants to ' || CASE WHEN entry.grantee = 0 THEN 'PUBLIC' ELSE coalesce(grantee.name, entry.grantee::text) END
                        || CASE WHEN entry.grantor <> held.owner
                                THEN ' by ' || coalesce(grantor.name, entry.grantor::text) ELSE '' END,
           coalesce(string_agg(entry.privilege, ', ' ORDER BY entry.privilege) FILTER (WHERE entry.is_now), 'none')
    FROM (
        SELECT e.grantee, e.grantor, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END AS privilege,
               true AS is_now
        FROM aclexplode(held.acl) e
        UNION ALL
        SELECT e.grantee, e.grantor, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END, false
        FROM aclexplode(coalesce(init.initprivs, acldefault(held.acl_kind, held.owner))) e
    ) entry
    LEFT JOIN role grantee ON grantee.oid = entry.grantee
    LEFT JOIN role grantor ON grantor.oid = entry.grantor
    GROUP BY entry.grantee, grantee.name, entry.grantor, grantor.name
    HAVING array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE entry.is_now)
           IS DISTINCT FROM array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE NOT entry.is_now)
) fact(property, value)
