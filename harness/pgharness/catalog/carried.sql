-- carried
-- What the current database itself carries where it is not as CREATE DATABASE makes it: its oid, a property, a value.
-- Roles are named by their own names, but for its owner; "*" marks a grant option. The catalogs are shared ones and can be read from any
-- database. Left out: owner and tablespace, whether it is a template and may be connected to, our own mark of a kept database, and the
-- comments on databases that came with the server.
SELECT d.oid, fact.property, fact.value
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL (
    SELECT 'connection limit', d.datconnlimit::text
    WHERE d.datconnlimit >= 0
    UNION ALL
    SELECT 'comment', c.description
    FROM pg_catalog.pg_shdescription c
    WHERE c.objoid = d.oid AND c.classoid = 'pg_catalog.pg_database'::regclass AND c.objoid >= 16384
      AND c.description <> 'kept by pgharness'
    UNION ALL
    SELECT 'security label ' || quote_ident(l.provider), l.label
    FROM pg_catalog.pg_shseclabel l
    WHERE l.objoid = d.oid AND l.classoid = 'pg_catalog.pg_database'::regclass
    UNION ALL
    SELECT 'setting ' || split_part(s.setting, '=', 1)
                      || CASE held.setrole WHEN 0 THEN '' WHEN d.datdba THEN ' of <owner>' ELSE ' of ' || quote_ident(holder.rolname) END,
           substr(s.setting, strpos(s.setting, '=') + 1)
    FROM pg_catalog.pg_db_role_setting held
    CROSS JOIN LATERAL unnest(held.setconfig) AS s(setting)
    LEFT JOIN pg_catalog.pg_roles holder ON holder.oid = held.setrole
    WHERE held.setdatabase = d.oid
    UNION ALL
    SELECT 'grants to ' || CASE entry.grantee WHEN 0 THEN 'PUBLIC' WHEN d.datdba THEN '<owner>' ELSE quote_ident(grantee.rolname) END
                        || CASE entry.grantor WHEN d.datdba THEN '' ELSE ' by ' || quote_ident(grantor.rolname) END,
           coalesce(string_agg(entry.privilege, ', ' ORDER BY entry.privilege) FILTER (WHERE entry.is_now), 'none')
    FROM (
        SELECT e.grantee, e.grantor, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END AS privilege,
               true AS is_now
        FROM aclexplode(d.datacl) e
        UNION ALL
        SELECT e.grantee, e.grantor, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END, false
        FROM aclexplode(acldefault('d', d.datdba)) e
        WHERE d.datacl IS NOT NULL
    ) entry
    LEFT JOIN pg_catalog.pg_roles grantee ON grantee.oid = entry.grantee
    LEFT JOIN pg_catalog.pg_roles grantor ON grantor.oid = entry.grantor
    GROUP BY entry.grantee, grantee.rolname, entry.grantor, grantor.rolname
    HAVING array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE entry.is_now)
           IS DISTINCT FROM array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE NOT entry.is_now)
) fact(property, value)
WHERE d.datname = current_database()
