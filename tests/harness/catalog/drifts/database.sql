-- Drifts of grants, foreign data, publications, subscriptions, event triggers and default privileges.

--# a grant on a table more
GRANT INSERT, UPDATE ON shop.author TO shop_writer;
--# a grant on a table less
REVOKE SELECT ON shop.author FROM shop_reader;
--# a grant on a table that may be passed on
GRANT SELECT ON shop.author TO shop_reader WITH GRANT OPTION;
--# a grant passed on by another role
GRANT SELECT ON shop.author TO shop_keeper WITH GRANT OPTION;
-->
SET ROLE shop_keeper;
GRANT SELECT ON shop.author TO shop_writer;
RESET ROLE;
--# a grant on a table to everybody
GRANT SELECT ON shop.author TO PUBLIC;
--# a right that the owner took from itself
REVOKE TRUNCATE ON shop.author FROM CURRENT_USER;
--# the right to maintain a table
--@ since 17
GRANT MAINTAIN ON shop.author TO shop_writer;
--# a grant on a column more
GRANT SELECT (bio) ON shop.author TO shop_writer;
--# a grant on a column less
REVOKE UPDATE (title) ON shop.book FROM shop_writer;
--# a grant on a view
GRANT SELECT ON shop.cheap TO shop_reader;
--# a grant on a view's column
GRANT SELECT (price) ON shop.cheap TO shop_reader;
--# a grant on a sequence less
REVOKE USAGE ON SEQUENCE shop.ticket FROM shop_writer;
--# a grant on an identity's sequence
GRANT USAGE ON SEQUENCE shop.author_id_seq TO shop_writer;
--# a grant on a schema more
GRANT CREATE ON SCHEMA shop TO shop_reader;
--# a grant on the schema public
GRANT CREATE ON SCHEMA public TO PUBLIC;
--# a grant on the schema public less
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
--# a function that not everybody may call
REVOKE EXECUTE ON FUNCTION shop.twice(integer) FROM PUBLIC;
--# a grant on a function
GRANT EXECUTE ON FUNCTION shop.twice(integer) TO shop_reader;
--# a grant on a procedure
GRANT EXECUTE ON PROCEDURE shop.tidy(integer) TO shop_reader;
--# a grant on an aggregate
GRANT EXECUTE ON FUNCTION shop.total(integer) TO shop_reader;
--# a grant on a type
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC;
--# a grant on a domain
GRANT USAGE ON DOMAIN shop.isbn TO shop_reader;
--# a grant on a function of an extension
--@ unmended what PostgreSQL or an extension grants by itself is not recorded
REVOKE EXECUTE ON FUNCTION public.similarity(text, text) FROM PUBLIC;
--# a grant on a function of the server
--@ unmended what PostgreSQL or an extension grants by itself is not recorded
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO shop_keeper;
--# a grant on a table of the server
--@ unmended what PostgreSQL or an extension grants by itself is not recorded
REVOKE SELECT ON pg_catalog.pg_settings FROM PUBLIC;
--# a grant on a column of a table of the server
--@ unmended what PostgreSQL or an extension grants by itself is not recorded
GRANT SELECT (subconninfo) ON pg_catalog.pg_subscription TO shop_keeper;
--# a grant on a language of the server
--@ unmended what PostgreSQL or an extension grants by itself is not recorded
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
--# a grant on a foreign data wrapper
GRANT USAGE ON FOREIGN DATA WRAPPER far TO shop_writer;
--# a grant on a foreign server
GRANT USAGE ON FOREIGN SERVER elsewhere TO shop_writer;
--# a grant on a foreign table
GRANT SELECT ON shop.stock TO shop_reader;
--# default privileges more
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_reader;
--# default privileges less
ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE SELECT ON TABLES FROM shop_reader;
--# default privileges changed
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT INSERT ON TABLES TO shop_reader;
--# default privileges of another role
ALTER DEFAULT PRIVILEGES FOR ROLE shop_keeper GRANT USAGE ON SEQUENCES TO shop_reader;
--# default privileges on functions
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
--# default privileges on types
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
--# default privileges on schemas
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO shop_reader;
--# default privileges on large objects
--@ since 18
ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO shop_reader;
--# a foreign data wrapper more
CREATE FOREIGN DATA WRAPPER near;
--# a foreign data wrapper's options
ALTER FOREIGN DATA WRAPPER far OPTIONS (ADD speed 'slow');
--# a foreign data wrapper's comment
COMMENT ON FOREIGN DATA WRAPPER far IS 'far away';
--# a foreign server more
CREATE SERVER nowhere FOREIGN DATA WRAPPER far;
--# a foreign server's options
ALTER SERVER elsewhere OPTIONS (SET place 'south', ADD "odd name" 'x''y');
--# a foreign server's option less
ALTER SERVER elsewhere OPTIONS (DROP place);
--# a foreign server's version
ALTER SERVER elsewhere VERSION '2';
--# a foreign server's comment
COMMENT ON SERVER elsewhere IS 'not here';
--# a foreign server of another owner
GRANT USAGE ON FOREIGN DATA WRAPPER far TO shop_keeper;
-->
ALTER SERVER elsewhere OWNER TO shop_keeper;
--# a user mapping more
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere;
--# a user mapping less
DROP USER MAPPING FOR shop_reader SERVER elsewhere;
--# a user mapping's options
ALTER USER MAPPING FOR shop_reader SERVER elsewhere OPTIONS (SET who 'somebody');
--# a foreign table less
DROP FOREIGN TABLE shop.stock;
--# a foreign table's options
ALTER FOREIGN TABLE shop.stock OPTIONS (SET name 'stocks');
--# the options of a foreign table's column
ALTER FOREIGN TABLE shop.stock ALTER COLUMN id OPTIONS (DROP key);
--# a foreign table on another server
--@ unmended a foreign table cannot move to another server
CREATE SERVER nowhere FOREIGN DATA WRAPPER far;
-->
DROP FOREIGN TABLE shop.stock;
CREATE FOREIGN TABLE shop.stock (id integer OPTIONS (key 'true') NOT NULL, amount integer) SERVER nowhere OPTIONS (name 'stock');
--# a foreign table's column more
ALTER FOREIGN TABLE shop.stock ADD COLUMN place text;
--# a foreign table's CHECK
ALTER FOREIGN TABLE shop.stock ADD CONSTRAINT stock_amount CHECK (amount >= 0);
--# a foreign table's comment
COMMENT ON FOREIGN TABLE shop.stock IS 'what is left';
--# a publication more
CREATE PUBLICATION gossip FOR ALL TABLES;
--# a publication less
DROP PUBLICATION news;
--# what a publication publishes
ALTER PUBLICATION news SET (publish = 'insert, update');
--# a publication by the partitions' root
ALTER PUBLICATION news SET (publish_via_partition_root = true);
--# a publication of generated columns
--@ since 18
ALTER PUBLICATION news SET (publish_generated_columns = stored);
--# a publication's table more
ALTER PUBLICATION news ADD TABLE shop.author;
--# a publication's table less
ALTER PUBLICATION news DROP TABLE shop.book;
--# the rows of a published table
ALTER PUBLICATION news SET TABLE shop.book WHERE (id > 0);
--# the columns of a published table
CREATE PUBLICATION short FOR TABLE public.plain;
-->
ALTER PUBLICATION short SET TABLE public.plain (id);
--# a publication's schema less
ALTER PUBLICATION shop_wide DROP TABLES IN SCHEMA shop;
--# a publication's comment
COMMENT ON PUBLICATION news IS 'daily';
--# a subscription more
--@ unmended a subscription's connection string is not read
CREATE SUBSCRIPTION more CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
--# a subscription less
--@ unmended a subscription's connection string is not read
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
DROP SUBSCRIPTION feed;
--# a subscription to other publications
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET PUBLICATION here WITH (refresh = false);
--# a subscription's slot
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (slot_name = 'feed_slot');
--# a subscription that synchronizes its commits
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (synchronous_commit = remote_apply);
--# a subscription in binary
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (binary = true);
--# a subscription that streams
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (streaming = off);
ALTER SUBSCRIPTION feed SET (streaming = on);
--# a subscription that stops at errors
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (disable_on_error = true);
--# a subscription without a password
--@ since 16
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (password_required = false);
--# a subscription that runs as its owner
--@ since 16
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (run_as_owner = true);
--# the origin of what a subscription takes
--@ since 16
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
ALTER SUBSCRIPTION feed SET (origin = none);
--# a subscription's comment
CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION there WITH (connect = false, slot_name = NONE);
-->
COMMENT ON SUBSCRIPTION feed IS 'from there';
--# an event trigger more
CREATE EVENT TRIGGER watch_start ON ddl_command_start EXECUTE FUNCTION shop.on_ddl();
--# an event trigger less
DROP EVENT TRIGGER watch;
--# the tags of an event trigger
DROP EVENT TRIGGER watch;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE TABLE') EXECUTE FUNCTION shop.on_ddl();
--# an event trigger that is disabled
ALTER EVENT TRIGGER watch DISABLE;
--# an event trigger that fires always
ALTER EVENT TRIGGER watch ENABLE ALWAYS;
--# an event trigger's comment
COMMENT ON EVENT TRIGGER watch IS 'who did that';
