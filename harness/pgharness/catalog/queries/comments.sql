-- comments
-- Comments and security labels of whatever object has one, by address.
SELECT d.classoid, d.objoid, d.objsubid, NULL, NULL, NULL, NULL, 'comment', d.description
FROM pg_description d
WHERE d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = 2200)
UNION ALL
SELECT l.classoid, l.objoid, l.objsubid, NULL, NULL, NULL, NULL, 'security label ' || quote_ident(l.provider), l.label
FROM pg_seclabel l
WHERE l.objoid >= 16384 OR (l.classoid = 'pg_namespace'::regclass AND l.objoid = 2200)
