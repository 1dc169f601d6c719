-- What applications have sent to this database, from the view in the schema of its extension, the most frequent first.
SELECT query, calls, mean_exec_time
FROM {view}
WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
ORDER BY calls DESC, query
LIMIT 1000
