-- Drifts of indexes and extended statistics.

--# an index more
CREATE INDEX author_born_idx ON shop.author (born);
--# an index less
DROP INDEX shop.book_title_idx;
--# an index of another name
ALTER INDEX shop.book_title_idx RENAME TO ix_book_title;
--# a unique index in place of an ordinary one
DROP INDEX shop.book_title_idx;
CREATE UNIQUE INDEX book_title_idx ON shop.book (title);
--# an index over other columns
DROP INDEX shop.book_title_idx;
CREATE INDEX book_title_idx ON shop.book (title, pages);
--# an index over another expression
DROP INDEX shop.author_lower_name_idx;
CREATE UNIQUE INDEX author_lower_name_idx ON shop.author (upper(name));
--# an index's predicate
DROP INDEX shop.book_pages_idx;
CREATE INDEX book_pages_idx ON shop.book (pages DESC, id) INCLUDE (price) WHERE pages > 200;
--# an index's predicate less
DROP INDEX shop.book_pages_idx;
CREATE INDEX book_pages_idx ON shop.book (pages DESC, id) INCLUDE (price);
--# an index's included columns
DROP INDEX shop.book_pages_idx;
CREATE INDEX book_pages_idx ON shop.book (pages DESC, id) INCLUDE (price, title) WHERE pages > 100;
--# an index's sort order
DROP INDEX shop.book_pages_idx;
CREATE INDEX book_pages_idx ON shop.book (pages, id) INCLUDE (price) WHERE pages > 100;
--# where an index puts nulls
DROP INDEX shop.book_pages_idx;
CREATE INDEX book_pages_idx ON shop.book (pages DESC NULLS LAST, id) INCLUDE (price) WHERE pages > 100;
--# an index's operator class
DROP INDEX shop.book_title_idx;
CREATE INDEX book_title_idx ON shop.book (title text_pattern_ops);
--# the parameters of an operator class
CREATE INDEX book_title_trgm ON shop.book USING gist (title public.gist_trgm_ops);
-->
DROP INDEX shop.book_title_trgm;
CREATE INDEX book_title_trgm ON shop.book USING gist (title public.gist_trgm_ops (siglen = 32));
--# an index's collation
DROP INDEX shop.book_title_idx;
CREATE INDEX book_title_idx ON shop.book (title COLLATE "C");
--# an index's access method
DROP INDEX shop.book_title_idx;
CREATE INDEX book_title_idx ON shop.book USING hash (title);
--# a GIN index more
CREATE INDEX author_settings_idx ON shop.author USING gin (settings jsonb_path_ops);
--# a BRIN index's pages per range
CREATE INDEX author_created_idx ON shop.author USING brin (created_at);
-->
ALTER INDEX shop.author_created_idx SET (pages_per_range = 16);
--# an index's fillfactor
ALTER INDEX shop.book_title_idx SET (fillfactor = 70);
--# a unique index that takes nulls for equal
CREATE UNIQUE INDEX author_born_key ON shop.author (born);
-->
DROP INDEX shop.author_born_key;
CREATE UNIQUE INDEX author_born_key ON shop.author (born) NULLS NOT DISTINCT;
--# the statistics target of an indexed expression
ALTER INDEX shop.author_lower_name_idx ALTER COLUMN 1 SET STATISTICS 1000;
--# an invalid index
--@ unwritten an index left invalid by a failed build
SET allow_system_table_mods = on;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.book_title_idx'::regclass;
RESET allow_system_table_mods;
--# an index's comment
COMMENT ON INDEX shop.book_title_idx IS 'for the search';
--# a comment on a primary key's index
COMMENT ON INDEX shop.book_pkey IS 'for the search';
--# an index on a partitioned table that no partition has
CREATE INDEX sale_amount_idx ON ONLY shop.sale (amount);
--# an index on one partition that belongs to the parent's
--@ unmended an index cannot be detached from its parent's
CREATE INDEX sale_amount_idx ON ONLY shop.sale (amount);
CREATE INDEX sale_2025_amount_idx ON shop.sale_2025 (amount);
-->
ALTER INDEX shop.sale_amount_idx ATTACH PARTITION shop.sale_2025_amount_idx;
--# an index of a materialized view less
DROP INDEX shop.count_by_author_idx;
--# extended statistics more
CREATE STATISTICS shop.book_stats ON title, price FROM shop.book;
--# extended statistics less
DROP STATISTICS shop.author_stats;
--# extended statistics of another kind
DROP STATISTICS shop.author_stats;
CREATE STATISTICS shop.author_stats (mcv) ON name, email FROM shop.author;
--# extended statistics on an expression
DROP STATISTICS shop.author_stats;
CREATE STATISTICS shop.author_stats ON lower(name), email FROM shop.author;
--# the target of extended statistics
ALTER STATISTICS shop.author_stats SET STATISTICS 300;
--# extended statistics of another owner
ALTER STATISTICS shop.author_stats OWNER TO shop_keeper;
--# a comment on extended statistics
COMMENT ON STATISTICS shop.author_stats IS 'names follow mail';
