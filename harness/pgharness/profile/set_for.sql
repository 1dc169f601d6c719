-- The same settings, where the database or a role has values of its own (manual, pg_db_role_setting).
SELECT pg_catalog.split_part(one.text, '=', 1), pg_catalog.substr(one.text, pg_catalog.strpos(one.text, '=') + 1),
       coalesce(r.rolname, ''), s.setdatabase <> 0
FROM pg_catalog.pg_db_role_setting AS s
CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS one (text)
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  AND pg_catalog.split_part(one.text, '=', 1) = ANY (%s)
ORDER BY 3, 4, 1
