-- Drifts of what the database itself carries: settings, privileges, comment, limit of connections. Its name is in no statement.

--# a setting of the database more
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''64MB''', current_database()); END $$;
--# a setting of the database less
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''64MB''', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END $$;
--# a setting of the database changed
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''1s''', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''2s''', current_database()); END $$;
--# a setting of the database under a name in capitals
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET DateStyle = ''German, DMY''', current_database()); END $$;
--# a setting of the database that no module knows
DO $do$ BEGIN EXECUTE format('ALTER DATABASE %I SET shop.motto = ''it''''s 100%% "good" for $$ = :name \''', current_database()); END $do$;
--# a search path of the database
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "$user", shop, "Odd, ""one"""', current_database()); END $$;
--# an empty search path of the database
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = ''''', current_database()); END $$;
--# a setting of a role in the database more
DO $$ BEGIN EXECUTE format('ALTER ROLE shop_reader IN DATABASE %I SET statement_timeout = ''5s''', current_database()); END $$;
--# a setting of a role in the database less
DO $$ BEGIN EXECUTE format('ALTER ROLE shop_reader IN DATABASE %I SET search_path = shop', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('ALTER ROLE shop_reader IN DATABASE %I RESET ALL', current_database()); END $$;
--# a setting of the owner in the database
DO $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET statement_timeout = ''5s''', current_database()); END $$;
--# the database's comment more
DO $do$ BEGIN EXECUTE format(E'COMMENT ON DATABASE %I IS ''it''''s 100%% %%I\n$$ or :more''', current_database()); END $do$;
--# the database's comment changed
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''the shop''', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''the other shop''', current_database()); END $$;
--# the database's comment less
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''the shop''', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS NULL', current_database()); END $$;
--# a security label on the database
--@ unwritten it needs a provider loaded
--@ unmended it needs a provider loaded
INSERT INTO pg_shseclabel
SELECT oid, 'pg_database'::regclass, 'dummy', 'classified' FROM pg_database WHERE datname = current_database();
--# a grant on the database more
DO $$ BEGIN EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO shop_writer', current_database()); END $$;
--# a grant on the database less
DO $$ BEGIN EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO shop_writer', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM shop_writer', current_database()); END $$;
--# a grant on the database that may be passed on
DO $$ BEGIN EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO shop_keeper', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO shop_keeper WITH GRANT OPTION', current_database()); END $$;
--# a grant on the database that may not be passed on any more
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO shop_keeper WITH GRANT OPTION', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('REVOKE GRANT OPTION FOR CONNECT ON DATABASE %I FROM shop_keeper', current_database()); END $$;
--# a grant on the database passed on by another role
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO shop_keeper WITH GRANT OPTION', current_database()); END $$;
-->
SET ROLE shop_keeper;
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO shop_writer', current_database()); END $$;
RESET ROLE;
--# a grant on the database passed on no more
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO shop_keeper WITH GRANT OPTION', current_database()); END $$;
SET ROLE shop_keeper;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO shop_writer WITH GRANT OPTION', current_database()); END $$;
RESET ROLE;
-->
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM shop_keeper CASCADE', current_database()); END $$;
--# a database to which not everybody may connect
DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$;
--# a database with no rights for everybody
DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $$;
--# a database in which everybody may make schemas
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database()); END $$;
--# a right on the database that the owner took from itself
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM CURRENT_USER', current_database()); END $$;
--# a limit of connections
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 7', current_database()); END $$;
--# a limit of connections less
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 7', current_database()); END $$;
-->
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT -1', current_database()); END $$;
