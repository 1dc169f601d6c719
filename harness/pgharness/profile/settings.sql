-- What a session has that sets nothing itself, of the settings that say how migrations and traffic get on; no setting with a dot, which may hold anything.
SELECT name, reset_val FROM pg_catalog.pg_settings WHERE name = ANY (%s) ORDER BY name
