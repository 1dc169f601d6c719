-- default_privileges
-- ALTER DEFAULT PRIVILEGES: what differs from the built-in defaults, or, within a schema, what is added to them.
-- only where EXISTS (SELECT FROM pg_default_acl)
SELECT 'pg_default_acl'::regclass, d.oid, 0, NULL, NULL,
       'default privileges', d.on_what || ' of ' || role.name || coalesce(' in ' || schema.name, ''), fact.property, fact.value
FROM (SELECT *, CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                   WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END AS on_what,
             CASE WHEN defaclobjtype = 'S' THEN 's' ELSE defaclobjtype END AS acl_kind
      FROM pg_default_acl) d
JOIN role ON role.oid = d.defaclrole
LEFT JOIN schema ON schema.oid = d.defaclnamespace
CROSS JOIN LATERAL (
    VALUES ('exists', 'default privileges'), ('for role', role.unusual_name), ('in schema', schema.name), ('on', d.on_what)
    UNION ALL
    SELECT 'grants to ' || CASE WHEN entry.grantee = 0 THEN 'PUBLIC' ELSE coalesce(grantee.name, entry.grantee::text) END,
           coalesce(string_agg(entry.privilege, ', ' ORDER BY entry.privilege) FILTER (WHERE entry.is_now), 'none')
    FROM (
        SELECT e.grantee, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END AS privilege, true AS is_now
        FROM aclexplode(d.defaclacl) e
        UNION ALL
        SELECT e.grantee, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END, false
        FROM aclexplode(acldefault(d.acl_kind, d.defaclrole)) e
        WHERE d.defaclnamespace = 0
    ) entry
    LEFT JOIN role grantee ON grantee.oid = entry.grantee
    GROUP BY entry.grantee, grantee.name
    HAVING array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE entry.is_now)
           IS DISTINCT FROM array_agg(entry.privilege ORDER BY entry.privilege) FILTER (WHERE NOT entry.is_now)
) fact(property, value)
WHERE fact.value IS NOT NULL
