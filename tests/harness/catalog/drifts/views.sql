-- Drifts of views, rules, triggers, policies and sequences.

--# a view more
CREATE VIEW shop.dear AS SELECT id FROM shop.book WHERE price > 100;
--# a view less
DROP VIEW shop.cheaper;
--# another text of a view
CREATE OR REPLACE VIEW shop.cheap AS SELECT id, title, price FROM shop.book WHERE price < 20;
--# a view's column more
CREATE OR REPLACE VIEW shop.cheap AS SELECT id, title, price, pages FROM shop.book WHERE price < 10;
--# another name of a view's column
DROP VIEW shop.cheaper;
CREATE VIEW shop.cheaper AS SELECT id AS number FROM shop.cheap WHERE price < 5;
--# a view that is a security barrier
ALTER VIEW shop.cheap SET (security_barrier);
--# a view with its reader's rights
ALTER VIEW shop.cheap SET (security_invoker = true);
--# a view's check option
CREATE OR REPLACE VIEW shop.cheap WITH (check_option = local) AS SELECT id, title, price FROM shop.book WHERE price < 10;
--# the default of a view's column
ALTER VIEW shop.cheap ALTER COLUMN price SET DEFAULT 1;
--# a view of another owner
ALTER VIEW shop.cheap OWNER TO shop_keeper;
--# a view's comment
COMMENT ON VIEW shop.cheap IS 'bargains';
--# a comment on a view's column
COMMENT ON COLUMN shop.cheap.price IS 'in euro';
--# a recursive view more
CREATE RECURSIVE VIEW shop.numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 9;
--# a materialized view less
DROP MATERIALIZED VIEW shop.count_by_author;
--# another text of a materialized view
DROP MATERIALIZED VIEW shop.count_by_author;
CREATE MATERIALIZED VIEW shop.count_by_author AS SELECT author_id, count(*) AS books FROM shop.book WHERE price > 0 GROUP BY author_id;
CREATE UNIQUE INDEX count_by_author_idx ON shop.count_by_author (author_id);
--# a materialized view's fillfactor
ALTER MATERIALIZED VIEW shop.count_by_author SET (fillfactor = 60);
--# a materialized view of another access method
ALTER MATERIALIZED VIEW shop.count_by_author SET ACCESS METHOD heap_too;
--# a materialized view that is not populated
--@ unwitnessed what a materialized view holds is data to pg_dump --schema-only
REFRESH MATERIALIZED VIEW shop.count_by_author WITH NO DATA;
--# the statistics target of a materialized view's column
ALTER MATERIALIZED VIEW shop.count_by_author ALTER COLUMN books SET STATISTICS 5;
--# the index that a materialized view is clustered on
ALTER MATERIALIZED VIEW shop.count_by_author CLUSTER ON count_by_author_idx;
--# a materialized view's comment
COMMENT ON MATERIALIZED VIEW shop.count_by_author IS 'counted';
--# a table in place of a view
DROP VIEW shop.cheaper;
CREATE TABLE shop.cheaper (id bigint);
--# a rule more
CREATE RULE author_log AS ON UPDATE TO shop.author DO ALSO NOTIFY author;
--# a rule less
DROP RULE author_keep ON shop.author;
--# another action of a rule
CREATE OR REPLACE RULE author_keep AS ON DELETE TO shop.author DO ALSO NOTIFY gone;
--# a rule that is disabled
ALTER TABLE shop.author DISABLE RULE author_keep;
--# a rule's comment
COMMENT ON RULE author_keep ON shop.author IS 'authors stay';
--# a rule on a view
CREATE RULE cheap_insert AS ON INSERT TO shop.cheap DO INSTEAD NOTHING;
--# a trigger more
CREATE TRIGGER book_touch BEFORE UPDATE ON shop.book FOR EACH ROW EXECUTE FUNCTION shop.touch();
--# a trigger less
DROP TRIGGER author_touch ON shop.author;
--# a trigger at another time
DROP TRIGGER author_touch ON shop.author;
CREATE TRIGGER author_touch AFTER UPDATE ON shop.author FOR EACH ROW EXECUTE FUNCTION shop.touch();
--# a trigger on more events
DROP TRIGGER author_touch ON shop.author;
CREATE TRIGGER author_touch BEFORE INSERT OR UPDATE ON shop.author FOR EACH ROW EXECUTE FUNCTION shop.touch();
--# the condition of a trigger
DROP TRIGGER author_touch ON shop.author;
CREATE TRIGGER author_touch BEFORE UPDATE ON shop.author FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION shop.touch();
--# the columns of a trigger
DROP TRIGGER author_touch ON shop.author;
CREATE TRIGGER author_touch BEFORE UPDATE OF name ON shop.author FOR EACH ROW EXECUTE FUNCTION shop.touch();
--# the arguments of a trigger
DROP TRIGGER author_touch ON shop.author;
CREATE TRIGGER author_touch BEFORE UPDATE ON shop.author FOR EACH ROW EXECUTE FUNCTION shop.touch('now');
--# a trigger that sees all changed rows
CREATE TRIGGER author_all AFTER UPDATE ON shop.author REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION shop.touch();
--# a trigger that is disabled
ALTER TABLE shop.author DISABLE TRIGGER author_touch;
--# a trigger that fires on a replica
ALTER TABLE shop.author ENABLE REPLICA TRIGGER author_touch;
--# a trigger that fires always
ALTER TABLE shop.author ENABLE ALWAYS TRIGGER author_touch;
--# a trigger of another name
ALTER TRIGGER author_touch ON shop.author RENAME TO author_touched;
--# a trigger's comment
COMMENT ON TRIGGER author_touch ON shop.author IS 'keeps time';
--# a trigger on a view
CREATE TRIGGER cheap_insert INSTEAD OF INSERT ON shop.cheap FOR EACH ROW EXECUTE FUNCTION shop.touch();
--# a partition's copy of a trigger that is disabled
ALTER TABLE shop.sale_2025 DISABLE TRIGGER sale_touch;
--# a policy more
CREATE POLICY book_all ON shop.book USING (true);
--# a policy less
DROP POLICY author_own ON shop.author;
--# what a policy lets through
ALTER POLICY author_own ON shop.author USING (name = CURRENT_USER);
--# whom a policy is for
ALTER POLICY author_own ON shop.author TO shop_writer;
--# a policy that restricts
DROP POLICY author_own ON shop.author;
CREATE POLICY author_own ON shop.author AS RESTRICTIVE FOR SELECT TO shop_reader USING (email = CURRENT_USER);
--# a policy for another command
DROP POLICY author_own ON shop.author;
CREATE POLICY author_own ON shop.author FOR DELETE TO shop_reader USING (email = CURRENT_USER);
--# what a policy lets in
CREATE POLICY book_new ON shop.book FOR INSERT WITH CHECK (price > 0);
-->
ALTER POLICY book_new ON shop.book WITH CHECK (price >= 0);
--# a policy's comment
COMMENT ON POLICY author_own ON shop.author IS 'own rows';
--# a sequence more
CREATE SEQUENCE shop.counter;
--# a sequence less
DROP SEQUENCE shop.ticket;
--# a sequence's increment
ALTER SEQUENCE shop.ticket INCREMENT BY 1;
--# a sequence's start
ALTER SEQUENCE shop.ticket START WITH 1;
--# a sequence's bounds
ALTER SEQUENCE shop.ticket MINVALUE 0 MAXVALUE 1000;
--# a sequence's cache
ALTER SEQUENCE shop.ticket CACHE 20;
--# a sequence that begins again
ALTER SEQUENCE shop.ticket CYCLE;
--# a sequence's type
ALTER SEQUENCE shop.ticket AS integer;
--# a sequence that a column owns
ALTER SEQUENCE shop.ticket OWNED BY shop.note.id;
--# an unlogged sequence
ALTER SEQUENCE shop.ticket SET UNLOGGED;
--# a sequence of another owner
ALTER SEQUENCE shop.ticket OWNER TO shop_keeper;
--# a sequence's comment
COMMENT ON SEQUENCE shop.ticket IS 'of the queue';
--# a sequence that counts down
CREATE SEQUENCE shop.countdown INCREMENT BY -1;
