-- grants
-- Privileges that differ from those of a new object, by address: one fact for a grantee ("*" marks the grant option).
-- Of what came with the server or belongs to an extension, what differs from how it came (pg_init_privs); such an object has no facts
-- but these, so it is named here. The information schema is left out, as pg_dump does: pg_init_privs does not know how it came.
-- Classes are oids in each branch: only where types agree does a condition on them reach the catalogs.
SELECT held.class, held.oid, held.sub, NULL, NULL,
       CASE WHEN came THEN held.kind END,
       -- Printed for what is told alone: names of types and functions are dear.
       CASE WHEN came THEN CASE held.kind WHEN 'function' THEN held.oid::regprocedure::text
                                          WHEN 'type' THEN format_type(held.oid, NULL) ELSE held.name END END,
       fact.property, fact.value
FROM (
    SELECT 'pg_class'::regclass::oid AS class, c.oid, 0 AS sub, c.relowner AS owner, c.relacl AS acl,
           CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END::"char" AS acl_kind,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relacl IS NOT NULL AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT 'pg_class'::regclass::oid, a.attrelid, a.attnum, c.relowner, a.attacl, 'c', 'column',
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT 'pg_proc'::regclass::oid, oid, 0, proowner, proacl, 'f', 'function', NULL
    FROM pg_proc WHERE proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_type'::regclass::oid, oid, 0, typowner, typacl, 'T', 'type', NULL
    FROM pg_type WHERE typacl IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace'::regclass::oid, oid, 0, nspowner, nspacl, 'n', 'schema', quote_ident(nspname)
    FROM pg_namespace WHERE nspacl IS NOT NULL AND nspname <> 'information_schema'
    UNION ALL
    SELECT 'pg_language'::regclass::oid, oid, 0, lanowner, lanacl, 'l', 'language', quote_ident(lanname)
    FROM pg_language WHERE lanacl IS NOT NULL
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass::oid, oid, 0, fdwowner, fdwacl, 'F', 'foreign data wrapper', quote_ident(fdwname)
    FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL
    UNION ALL
    SELECT 'pg_foreign_server'::regclass::oid, oid, 0, srvowner, srvacl, 'S', 'server', quote_ident(srvname)
    FROM pg_foreign_server WHERE srvacl IS NOT NULL
) held
CROSS JOIN LATERAL (
    SELECT (held.oid < 16384 AND held.name IS DISTINCT FROM 'public')
           OR EXISTS (SELECT FROM member WHERE member.classid = held.class AND member.objid = held.oid) AS came
) origin
LEFT JOIN pg_init_privs init ON init.classoid = held.class AND init.objoid = held.oid AND init.objsubid = held.sub
-- Nearly all are as they came, in whatever order; those are not taken apart.
JOIN LATERAL (SELECT coalesce(init.initprivs, acldefault(held.acl_kind, held.owner)) AS acl) usual
    ON NOT (held.acl @> usual.acl AND held.acl <@ usual.acl)
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
        FROM aclexplode(usual.acl) e
    ) entry
    LEFT JOIN role grantee ON grantee.oid = entry.grantee
    LEFT JOIN role grantor ON grantor.oid = entry.grantor
    GROUP BY entry.grantee, grantee.name, entry.grantor, grantor.name
    HAVING array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE entry.is_now)
           IS DISTINCT FROM array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE NOT entry.is_now)
) fact(property, value)
