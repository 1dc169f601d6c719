"""The schema that all migrations of the catalogue begin with: 20 rows a table."""

from __future__ import annotations

ALONE = "(autocommit) "
ROLES = ("app_owner", "app_user")
_ROLE = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN CREATE ROLE {0}; END IF; END $$"
ONCE = (
    *(_ROLE.format(role) for role in ROLES),
    "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO app_owner', current_database()); END $$",
    "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
    "GRANT ALL ON SCHEMA kept TO app_owner",
    "GRANT ALL ON ALL TABLES IN SCHEMA kept TO app_owner",
    "SET allow_in_place_tablespaces = on",
    f"{ALONE}CREATE TABLESPACE ts2 LOCATION ''",
)
"""What is made once for a database; what begins with ALONE is a transaction by itself."""
DROPPED_AT_LAST = ("DROP TABLESPACE IF EXISTS ts2", *(f"DROP ROLE IF EXISTS {role}" for role in ROLES))

EMPTY = "DROP SCHEMA IF EXISTS arch CASCADE; DROP EXTENSION IF EXISTS citext; DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO app_owner, app_user"
SCHEMA = """
SET LOCAL search_path = public;
CREATE TYPE pstate AS ENUM ('new', 'moving', 'done');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN plainint AS int;
CREATE FUNCTION dice() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT (random() * 6)::int';
CREATE FUNCTION seven() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE depot (id bigserial PRIMARY KEY, name text, region text);
CREATE TABLE parcel (
    id bigserial PRIMARY KEY, depot_id bigint REFERENCES depot, label varchar(40), weight numeric(8, 2), sent timestamp, seen timestamptz,
    note text, state pstate DEFAULT 'new', qty int, code text, docb jsonb, ref bigint
);
CREATE INDEX parcel_label_ix ON parcel (label);
CREATE TRIGGER parcel_touch BEFORE UPDATE ON parcel FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW parcel_v AS SELECT id, code FROM parcel;
CREATE TABLE leg (id bigint PRIMARY KEY, parcel_id bigint REFERENCES parcel, pos int);
CREATE TABLE tiny (id int PRIMARY KEY, v text);
CREATE TABLE scan (at date NOT NULL, id bigint, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE scan_2025 PARTITION OF scan FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE scan_def PARTITION OF scan DEFAULT;
CREATE TABLE scan_2027 (at date NOT NULL, id bigint NOT NULL, what text, PRIMARY KEY (id, at));
CREATE TABLE stage (id int, body text);
INSERT INTO depot (name, region) SELECT 'd' || g, 'r' FROM generate_series(1, 20) AS g;
INSERT INTO parcel (depot_id, label, weight, sent, seen, qty, code, ref)
SELECT g, 'label' || g, g, now(), now(), g, 'c' || g, g FROM generate_series(1, 20) AS g;
INSERT INTO leg SELECT g, g, g FROM generate_series(1, 20) AS g;
INSERT INTO tiny SELECT g, 'v' FROM generate_series(1, 20) AS g;
INSERT INTO scan SELECT DATE '2025-01-01' + g, g, 'w' FROM generate_series(1, 20) AS g;
INSERT INTO scan SELECT DATE '2024-01-01' + g, g, 'w' FROM generate_series(1, 20) AS g;
INSERT INTO scan_2027 SELECT DATE '2027-01-01' + g, g, 'w' FROM generate_series(1, 20) AS g;
INSERT INTO stage SELECT g, 'b' FROM generate_series(1, 20) AS g;
CREATE MATERIALIZED VIEW totals AS SELECT depot_id, count(*) AS parcels FROM parcel GROUP BY depot_id;
CREATE UNIQUE INDEX totals_u ON totals (depot_id);
ALTER TABLE parcel OWNER TO app_owner;
"""
