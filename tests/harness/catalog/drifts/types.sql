-- Drifts of schemas, extensions, collations and types.

--# a schema more
CREATE SCHEMA store;
--# a schema less
CREATE SCHEMA store;
-->
DROP SCHEMA store;
--# a schema of another owner
ALTER SCHEMA shop OWNER TO shop_keeper;
--# the schema public of another owner
ALTER SCHEMA public OWNER TO shop_keeper;
--# a schema's comment
COMMENT ON SCHEMA shop IS 'all of it';
--# a comment on the schema public
COMMENT ON SCHEMA public IS 'not much';
--# an extension more
CREATE EXTENSION citext WITH SCHEMA public;
--# an extension less
DROP EXTENSION pg_trgm;
--# an extension in another schema
ALTER EXTENSION pg_trgm SET SCHEMA shop;
--# an extension of another version
--@ unwitnessed pg_dump leaves an extension's version to the server that restores
DROP EXTENSION pg_trgm;
CREATE EXTENSION pg_trgm WITH SCHEMA public VERSION '1.4';
--# a comment on an extension
COMMENT ON EXTENSION pg_trgm IS 'for the search';
--# a collation more
CREATE COLLATION shop.posix (provider = libc, locale = 'POSIX');
--# a collation less
DROP COLLATION shop.plain;
--# another locale of a collation
DROP COLLATION shop.plain;
CREATE COLLATION shop.plain (provider = libc, locale = 'POSIX');
--# a collation by another provider
--@ needs icu
DROP COLLATION shop.plain;
CREATE COLLATION shop.plain (provider = icu, locale = 'de');
--# a collation that is not deterministic
--@ needs icu
CREATE COLLATION shop.loose (provider = icu, locale = 'de');
-->
DROP COLLATION shop.loose;
CREATE COLLATION shop.loose (provider = icu, locale = 'de', deterministic = false);
--# the rules of a collation
--@ needs icu
--@ since 16
CREATE COLLATION shop.ruled (provider = icu, locale = 'de');
-->
DROP COLLATION shop.ruled;
CREATE COLLATION shop.ruled (provider = icu, locale = 'de', rules = '& a < b');
--# a collation by the builtin provider
--@ since 17
CREATE COLLATION shop.ruled (provider = libc, locale = 'C');
-->
DROP COLLATION shop.ruled;
CREATE COLLATION shop.ruled (provider = builtin, locale = 'C');
--# an enum more
CREATE TYPE shop.format AS ENUM ('paper', 'e-book');
--# an enum without labels
CREATE TYPE shop.format AS ENUM ();
--# an enum's label more
--@ unmended in the transaction that adds it a label is no value yet, and here nothing is committed
ALTER TYPE shop.mood ADD VALUE 'cheerful';
--# an enum's label more, in the middle
--@ unmended in the transaction that adds it a label is no value yet, and here nothing is committed
ALTER TYPE shop.mood ADD VALUE 'meh' BEFORE 'ok';
--# an enum's label more, of a type made anew
CREATE TYPE shop.size AS ENUM ('small', 'large');
CREATE TABLE shop.shirt (size shop.size DEFAULT 'small', sizes shop.size[]);
-->
ALTER TABLE shop.shirt ALTER size DROP DEFAULT;
ALTER TYPE shop.size RENAME TO size_before;
CREATE TYPE shop.size AS ENUM ('small', 'medium', 'large');
ALTER TABLE shop.shirt ALTER size TYPE shop.size USING size::text::shop.size, ALTER size SET DEFAULT 'small',
    ALTER sizes TYPE shop.size[] USING sizes::text[]::shop.size[];
DROP TYPE shop.size_before;
--# an enum's label of another name
ALTER TYPE shop.mood RENAME VALUE 'ok' TO 'fine';
--# an enum's labels in another order
CREATE TYPE shop.size AS ENUM ('small', 'large');
CREATE TABLE shop.shirt (size shop.size DEFAULT 'small', sizes shop.size[]);
-->
ALTER TABLE shop.shirt ALTER size DROP DEFAULT;
ALTER TYPE shop.size RENAME TO size_before;
CREATE TYPE shop.size AS ENUM ('large', 'small');
ALTER TABLE shop.shirt ALTER size TYPE shop.size USING size::text::shop.size, ALTER size SET DEFAULT 'small',
    ALTER sizes TYPE shop.size[] USING sizes::text[]::shop.size[];
DROP TYPE shop.size_before;
--# a domain more
CREATE DOMAIN shop.email AS text;
--# a domain over another type
--@ unmended a domain cannot get another type while a column is of it
ALTER TABLE shop.book DROP COLUMN isbn;
DROP DOMAIN shop.isbn;
CREATE DOMAIN shop.isbn AS character varying CONSTRAINT isbn_length CHECK (length(VALUE) = 13);
ALTER TABLE shop.book ADD COLUMN isbn shop.isbn;
--# a domain's default
ALTER DOMAIN shop.percent SET DEFAULT 10;
--# a domain's default less
ALTER DOMAIN shop.percent DROP DEFAULT;
--# a domain's NOT NULL less
ALTER DOMAIN shop.percent DROP NOT NULL;
--# a domain's collation
CREATE DOMAIN shop.word AS text;
-->
DROP DOMAIN shop.word;
CREATE DOMAIN shop.word AS text COLLATE "C";
--# a composite type's attribute more
ALTER TYPE shop.address ADD ATTRIBUTE country text CASCADE;
--# a composite type's attribute less
ALTER TYPE shop.address DROP ATTRIBUTE city CASCADE;
--# another type of a composite type's attribute
ALTER TYPE shop.address ALTER ATTRIBUTE zip TYPE text CASCADE;
--# a composite type's attribute of another name
--@ unmended attributes cannot be moved
ALTER TYPE shop.address RENAME ATTRIBUTE zip TO postcode CASCADE;
--# a composite type's attributes in another order
--@ unmended attributes cannot be moved
CREATE TYPE shop.point AS (x integer, y integer);
-->
DROP TYPE shop.point;
CREATE TYPE shop.point AS (y integer, x integer);
--# the collation of a composite type's attribute
CREATE TYPE shop.entry AS (word text);
-->
ALTER TYPE shop.entry ALTER ATTRIBUTE word TYPE text COLLATE "C";
--# a composite type's comment
COMMENT ON TYPE shop.address IS 'where one lives';
--# a comment on a composite type's attribute
COMMENT ON COLUMN shop.address.zip IS 'of the city';
--# a range type more
CREATE TYPE shop.floats AS RANGE (subtype = float8);
--# a range type without its difference function
DROP TYPE shop.span;
CREATE TYPE shop.span AS RANGE (subtype = float8);
--# a range type over another type
DROP TYPE shop.span;
CREATE TYPE shop.span AS RANGE (subtype = bigint);
--# the multirange's name of a range type
DROP TYPE shop.span;
CREATE TYPE shop.span AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = shop.spans);
--# a range type's collation
CREATE TYPE shop.words AS RANGE (subtype = text);
-->
DROP TYPE shop.words;
CREATE TYPE shop.words AS RANGE (subtype = text, collation = "C");
--# a base type's storage
CREATE TYPE shop.blob;
CREATE FUNCTION shop.blob_in(cstring) RETURNS shop.blob LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION shop.blob_out(shop.blob) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE shop.blob (input = shop.blob_in, output = shop.blob_out, storage = extended);
-->
ALTER TYPE shop.blob SET (storage = external);
--# a base type's category
--@ unmended a base type with functions and operators on it cannot be made anew
UPDATE pg_type SET typcategory = 'N' WHERE oid = 'shop.code'::regtype;
--# a base type's default
--@ unmended a base type with functions and operators on it cannot be made anew
UPDATE pg_type SET typdefault = '7' WHERE oid = 'shop.code'::regtype;
--# a shell type more
CREATE TYPE shop.later;
--# a shell type less
DROP TYPE shop.shell;
--# a type of another owner
ALTER TYPE shop.mood OWNER TO shop_keeper;
--# a type's comment
COMMENT ON TYPE shop.mood IS 'how they feel';
