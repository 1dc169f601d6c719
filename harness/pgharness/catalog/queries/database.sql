-- database
-- What the database itself carries: settings, privileges, a comment, a limit of connections. It is named "current", for test databases
-- have names of their own; and it has no other facts, being there in any case.
-- only where EXISTS (SELECT FROM pg_database d WHERE d.datname = current_database()
--    AND (d.datacl IS NOT NULL OR d.datconnlimit >= 0 OR d.oid IN (SELECT setdatabase FROM pg_db_role_setting)
--         OR d.oid IN (SELECT objoid FROM pg_shdescription) OR d.oid IN (SELECT objoid FROM pg_shseclabel)))
SELECT 'pg_database'::regclass, carried.oid, 0, NULL, NULL, 'database', 'current', carried.property, carried.value
FROM (
:carried
) carried
