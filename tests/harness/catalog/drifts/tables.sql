-- Drifts of tables as a whole.

--# a table more
CREATE TABLE shop.extra (id integer);
--# a table less
DROP TABLE public.plain;
--# a table of another name
--@ unmended a new table's NOT NULL takes another name while the old table lives
ALTER TABLE shop.detached RENAME TO set_apart;
--# a table in another schema
ALTER TABLE public.plain SET SCHEMA shop;
--# a table of another owner
ALTER TABLE public.plain OWNER TO shop_keeper;
--# an unlogged table
ALTER TABLE public.plain SET UNLOGGED;
--# a table of another access method
ALTER TABLE public.plain SET ACCESS METHOD heap_too;
--# a table's fillfactor
ALTER TABLE shop.author SET (fillfactor = 70);
--# a table's own autovacuum settings
ALTER TABLE shop.author SET (autovacuum_vacuum_scale_factor = 0.01);
--# a setting of a table's TOAST table
ALTER TABLE shop.author SET (toast.autovacuum_enabled = off);
--# row security switched on
ALTER TABLE shop.author ENABLE ROW LEVEL SECURITY;
--# row security forced on the owner
ALTER TABLE shop.author FORCE ROW LEVEL SECURITY;
--# replica identity full
ALTER TABLE shop.author REPLICA IDENTITY FULL;
--# replica identity nothing
ALTER TABLE shop.author REPLICA IDENTITY NOTHING;
--# replica identity by an index
ALTER TABLE shop.author REPLICA IDENTITY USING INDEX author_pkey;
--# the index that CLUSTER goes by
ALTER TABLE shop.book CLUSTER ON book_title_idx;
--# a table that inherits no more
--@ unmended columns that became the table's own stay so
ALTER TABLE shop.long_note NO INHERIT shop.note;
--# a table that inherits from one more
CREATE TABLE shop.dated (written date);
ALTER TABLE shop.long_note ADD COLUMN written date;
-->
ALTER TABLE shop.long_note INHERIT shop.dated;
--# a typed table that is typed no more
ALTER TABLE shop.typed NOT OF;
--# a table's comment
COMMENT ON TABLE shop.author IS 'who wrote';
--# a table's comment less
COMMENT ON TABLE shop.author IS NULL;
--# a security label
--@ unmended no label provider is loaded
--@ unwritten no label provider is loaded
SET allow_system_table_mods = on;
INSERT INTO pg_seclabel VALUES ('shop.author'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret');
RESET allow_system_table_mods;
--# a security label on a column
--@ unmended no label provider is loaded
--@ unwritten no label provider is loaded
SET allow_system_table_mods = on;
INSERT INTO pg_seclabel VALUES ('shop.author'::regclass, 'pg_class'::regclass, 2, 'dummy', 'secret');
RESET allow_system_table_mods;
--# a partition more
CREATE TABLE shop.sale_2026 PARTITION OF shop.sale FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
--# a partition less
DROP TABLE shop.sale_2025;
--# a partition detached
ALTER TABLE shop.sale DETACH PARTITION shop.sale_2025;
--# a partition attached
ALTER TABLE shop.detached ADD CONSTRAINT sale_amount CHECK (amount > 0);
-->
ALTER TABLE shop.sale ATTACH PARTITION shop.detached FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
--# a partition's bounds
ALTER TABLE shop.sale DETACH PARTITION shop.sale_2025;
ALTER TABLE shop.sale ATTACH PARTITION shop.sale_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
--# a default partition less
DROP TABLE shop.sale_rest;
--# another partition key
--@ unmended a table cannot get another partition key
DROP TABLE shop.sale;
CREATE TABLE shop.sale (at date NOT NULL, amount numeric, CONSTRAINT sale_amount CHECK (amount > 0)) PARTITION BY LIST (at);
--# a partitioned table that is a plain one
--@ unmended a table cannot become partitioned
DROP TABLE shop.sale;
CREATE TABLE shop.sale (at date NOT NULL, amount numeric, CONSTRAINT sale_amount CHECK (amount > 0));
--# a partition's own default
ALTER TABLE shop.sale_2025 ALTER COLUMN amount SET DEFAULT 1;
--# a partition's own index
CREATE INDEX sale_2025_amount_idx ON shop.sale_2025 (amount);
--# a partitioned table of another owner than its partitions
ALTER TABLE shop.sale_2025 OWNER TO shop_keeper;
--# a partition below a partition
CREATE TABLE shop.sale_2028 PARTITION OF shop.sale FOR VALUES FROM ('2028-01-01') TO ('2029-01-01') PARTITION BY LIST (amount);
CREATE TABLE shop.sale_2028_free PARTITION OF shop.sale_2028 FOR VALUES IN (0);
--# a hash partitioned table more
CREATE TABLE shop.bucket (id integer) PARTITION BY HASH (id);
CREATE TABLE shop.bucket_0 PARTITION OF shop.bucket FOR VALUES WITH (modulus 2, remainder 0);
