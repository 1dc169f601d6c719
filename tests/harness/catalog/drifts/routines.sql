-- Drifts of functions, aggregates, operators, casts, languages, conversions and text search objects.

--# a function more
CREATE FUNCTION shop.half(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 / 2';
--# a function less
DROP FUNCTION shop.twice(integer);
--# another body of a function
CREATE OR REPLACE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
--# another body of a trigger function
CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN old; END $$;
--# another overload of a function
CREATE FUNCTION shop.twice(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
--# a function's volatility
ALTER FUNCTION shop.twice(integer) STABLE;
--# a function's parallel safety
ALTER FUNCTION shop.twice(integer) PARALLEL SAFE;
--# a function that is strict
ALTER FUNCTION shop.twice(integer) STRICT;
--# a function that is leakproof
ALTER FUNCTION shop.twice(integer) LEAKPROOF;
--# a function with its owner's rights
ALTER FUNCTION shop.twice(integer) SECURITY DEFINER;
--# a function's cost
ALTER FUNCTION shop.twice(integer) COST 7;
--# a function's search_path
ALTER FUNCTION shop.twice(integer) SET search_path = shop, pg_temp;
--# a function's result
DROP FUNCTION shop.twice(integer);
CREATE FUNCTION shop.twice(integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ($1 * 2)::bigint';
--# a function's argument names
DROP FUNCTION shop.twice(integer);
CREATE FUNCTION shop.twice(number integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
--# a function's argument default
DROP FUNCTION shop.twice(integer);
CREATE FUNCTION shop.twice(integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
--# the rows that a function estimates
CREATE FUNCTION shop.many() RETURNS SETOF integer LANGUAGE sql AS 'SELECT 1';
-->
ALTER FUNCTION shop.many() ROWS 10;
--# a function with an SQL-standard body
CREATE FUNCTION shop.count_books() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop.book; END;
--# a window function more
CREATE FUNCTION shop.place() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
--# a function of another owner
ALTER FUNCTION shop.twice(integer) OWNER TO shop_keeper;
--# a function's comment
COMMENT ON FUNCTION shop.twice(integer) IS 'doubles';
--# a procedure less
DROP PROCEDURE shop.tidy(integer);
--# another default of a procedure's argument
CREATE OR REPLACE PROCEDURE shop.tidy(IN days integer DEFAULT 14) LANGUAGE sql AS 'SELECT 1';
--# a procedure's comment
COMMENT ON PROCEDURE shop.tidy(integer) IS 'cleans';
--# an aggregate more
CREATE AGGREGATE shop.longest(text) (sfunc = text_larger, stype = text, sortop = >);
--# an aggregate less
DROP AGGREGATE shop.total(integer);
--# an aggregate's first value
CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '1');
--# an aggregate's state function
CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = int4mul, stype = integer, initcond = '0');
--# an aggregate's combining function
CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '0', combinefunc = int4pl);
--# an aggregate that runs in parallel
CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '0', parallel = safe);
--# an aggregate that moves
CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '0',
    msfunc = int4pl, minvfunc = int4mi, mstype = integer, minitcond = '0');
--# an aggregate over ordered sets
CREATE AGGREGATE shop.middle(float8 ORDER BY anyelement) (
    sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
--# an aggregate of all rows
CREATE AGGREGATE shop.all_rows(*) (sfunc = int8inc, stype = bigint, initcond = '0');
--# an aggregate's comment
COMMENT ON AGGREGATE shop.total(integer) IS 'sums';
--# an aggregate of another owner
ALTER AGGREGATE shop.total(integer) OWNER TO shop_keeper;
--# an operator more
CREATE OPERATOR shop.!== (function = shop.code_ne, leftarg = shop.code, rightarg = shop.code);
--# an operator with one side
CREATE OPERATOR shop.!! (function = shop.to_integer, rightarg = shop.code);
--# an operator by another function
--@ unmended an operator that a class uses cannot be made anew
UPDATE pg_operator SET oprcode = 'shop.code_ne'::regproc WHERE oid = 'shop.===(shop.code,shop.code)'::regoperator;
--# an operator's negator
CREATE OPERATOR shop.!== (function = shop.code_ne, leftarg = shop.code, rightarg = shop.code);
-->
DROP OPERATOR shop.!== (shop.code, shop.code);
CREATE OPERATOR shop.!== (function = shop.code_ne, leftarg = shop.code, rightarg = shop.code, commutator = OPERATOR(shop.!==));
--# an operator's selectivity
ALTER OPERATOR shop.=== (shop.code, shop.code) SET (restrict = eqsel);
--# an operator that hashes
--@ unmended an operator that a class uses cannot be made anew
UPDATE pg_operator SET oprcanhash = true WHERE oid = 'shop.===(shop.code,shop.code)'::regoperator;
--# an operator's comment
COMMENT ON OPERATOR shop.=== (shop.code, shop.code) IS 'the same';
--# an operator of another owner
ALTER OPERATOR shop.=== (shop.code, shop.code) OWNER TO shop_keeper;
--# an operator class less
DROP OPERATOR CLASS shop.code_ops USING hash;
--# an operator class that is the default
DROP OPERATOR CLASS shop.code_ops USING hash;
CREATE OPERATOR CLASS shop.code_ops DEFAULT FOR TYPE shop.code USING hash FAMILY shop.code_ops AS
    OPERATOR 1 shop.=== (shop.code, shop.code), FUNCTION 1 shop.code_hash(shop.code);
--# an operator family more
CREATE OPERATOR FAMILY shop.other_ops USING btree;
--# an operator family's function more
CREATE FUNCTION shop.code_hash(shop.code, bigint) RETURNS bigint LANGUAGE internal IMMUTABLE STRICT AS 'hashint4extended';
-->
ALTER OPERATOR FAMILY shop.code_ops USING hash ADD FUNCTION 2 shop.code_hash(shop.code, bigint);
--# an operator class's comment
COMMENT ON OPERATOR CLASS shop.code_ops USING hash IS 'by number';
--# an operator family's comment
COMMENT ON OPERATOR FAMILY shop.code_ops USING hash IS 'by number';
--# an operator family of another owner
ALTER OPERATOR FAMILY shop.code_ops USING hash OWNER TO shop_keeper;
--# a cast more
CREATE CAST (shop.code AS text) WITH INOUT;
--# a cast less
DROP CAST (shop.code AS integer);
--# a cast in another context
DROP CAST (shop.code AS integer);
CREATE CAST (shop.code AS integer) WITH FUNCTION shop.to_integer(shop.code) AS ASSIGNMENT;
--# a cast by another way
DROP CAST (shop.code AS integer);
CREATE CAST (shop.code AS integer) WITHOUT FUNCTION;
--# a cast's comment
COMMENT ON CAST (shop.code AS integer) IS 'bare';
--# a conversion less
DROP CONVERSION shop.latin;
--# a conversion that is the default
DROP CONVERSION shop.latin;
CREATE DEFAULT CONVERSION shop.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
--# a conversion's comment
COMMENT ON CONVERSION shop.latin IS 'from the west';
--# a language less
DROP LANGUAGE fancy;
--# a language that is trusted
DROP LANGUAGE fancy;
CREATE TRUSTED LANGUAGE fancy HANDLER shop.fancy_handler;
--# a language's validator
CREATE FUNCTION shop.fancy_validator(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
-->
DROP LANGUAGE fancy;
CREATE LANGUAGE fancy HANDLER shop.fancy_handler VALIDATOR shop.fancy_validator;
--# a language's comment
COMMENT ON LANGUAGE fancy IS 'fancy';
--# a language of another owner
ALTER LANGUAGE fancy OWNER TO shop_keeper;
--# a transform more
CREATE FUNCTION shop.code_from(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'int4in';
CREATE TRANSFORM FOR shop.code LANGUAGE fancy (FROM SQL WITH FUNCTION shop.code_from(internal));
--# an access method less
DROP ACCESS METHOD heap_too;
--# an index access method more
CREATE ACCESS METHOD tree_too TYPE INDEX HANDLER bthandler;
--# an access method's comment
COMMENT ON ACCESS METHOD heap_too IS 'a heap';
--# a text search dictionary less
ALTER TEXT SEARCH CONFIGURATION shop.search ALTER MAPPING FOR asciiword, word WITH simple;
-->
DROP TEXT SEARCH DICTIONARY shop.words;
--# a text search dictionary's options
ALTER TEXT SEARCH DICTIONARY shop.words (accept = false);
--# a text search dictionary's comment
COMMENT ON TEXT SEARCH DICTIONARY shop.words IS 'plain';
--# a text search configuration less
DROP TEXT SEARCH CONFIGURATION shop.search;
--# a text search mapping more
ALTER TEXT SEARCH CONFIGURATION shop.search ADD MAPPING FOR email WITH simple;
--# a text search mapping less
ALTER TEXT SEARCH CONFIGURATION shop.search DROP MAPPING FOR word;
--# another dictionary of a text search mapping
ALTER TEXT SEARCH CONFIGURATION shop.search ALTER MAPPING FOR word WITH shop.words, simple;
--# a text search configuration of another owner
ALTER TEXT SEARCH CONFIGURATION shop.search OWNER TO shop_keeper;
--# a text search configuration's comment
COMMENT ON TEXT SEARCH CONFIGURATION shop.search IS 'finds';
--# a text search template's function
DROP TEXT SEARCH TEMPLATE shop.lexer;
CREATE TEXT SEARCH TEMPLATE shop.lexer (init = dsimple_init, lexize = dsimple_lexize);
--# a text search template's comment
COMMENT ON TEXT SEARCH TEMPLATE shop.lexer IS 'cuts';
--# a text search parser's headline function
DROP TEXT SEARCH PARSER shop.splitter;
CREATE TEXT SEARCH PARSER shop.splitter (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end,
    lextypes = prsd_lextype, headline = prsd_headline);
--# a text search parser's comment
COMMENT ON TEXT SEARCH PARSER shop.splitter IS 'splits';
