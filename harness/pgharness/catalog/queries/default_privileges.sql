-- default_privileges
-- ALTER DEFAULT PRIVILEGES: what differs from the built-in defaults, or, within a schema, what is added to them.
SELECT 'pg_default_acl'::regclass, d.oid, 0, NULL, NULL, 'default privileges',
       CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                            WHEN 'n' THEN 'schemas' ELSE 'large objects' END
           || ' of ' || role.name || coalesce(' in ' || schema.name, ''),
       'grants to ' || CASE WHEN fact.grantee = 0 THEN 'PUBLIC' ELSE coalesce(grantee.name, fact.grantee::text) END,
       coalesce(fact.now, 'none')
FROM pg_default_acl d
JOIN role ON role.oid = d.defaclrole
LEFT JOIN schema ON schema.oid = d.defaclnamespace
CROSS JOIN LATERAL (
    SELECT entry.grantee,
           string_agg(entry.privilege, ', ' ORDER BY entry.privilege) FILTER (WHERE entry.is_now) AS now,
           string_agg(entry.privilege, ', ' ORDER BY entry.privilege) FILTER (WHERE NOT entry.is_now) AS initial
    FROM (
        SELECT e.grantee, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END AS privilege, true AS is_now
        FROM aclexplode(d.defaclacl) e
        UNION ALL
        SELECT e.grantee, e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END, false
        FROM aclexplode(acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) e
        WHERE d.defaclnamespace = 0
    ) entry
    GROUP BY entry.grantee
) fact
LEFT JOIN role grantee ON grantee.oid = fact.grantee
WHERE fact.now IS DISTINCT FROM fact.initial
