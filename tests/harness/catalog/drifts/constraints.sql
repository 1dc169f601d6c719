-- Drifts of constraints on tables and domains.

--# a CHECK more
ALTER TABLE shop.author ADD CONSTRAINT author_name_check CHECK (name <> '');
--# a CHECK less
ALTER TABLE shop.author DROP CONSTRAINT author_rating_check;
--# another text of a CHECK
ALTER TABLE shop.author DROP CONSTRAINT author_rating_check;
ALTER TABLE shop.author ADD CONSTRAINT author_rating_check CHECK (rating > 0);
--# a CHECK of another name
ALTER TABLE shop.author RENAME CONSTRAINT author_rating_check TO rating_is_positive;
--# a CHECK that is not validated
ALTER TABLE shop.author DROP CONSTRAINT author_rating_check;
ALTER TABLE shop.author ADD CONSTRAINT author_rating_check CHECK (rating >= 0) NOT VALID;
--# a CHECK that is not inherited
ALTER TABLE shop.author DROP CONSTRAINT author_rating_check;
ALTER TABLE shop.author ADD CONSTRAINT author_rating_check CHECK (rating >= 0) NO INHERIT;
--# a CHECK that is not enforced
--@ since 18
ALTER TABLE shop.author DROP CONSTRAINT author_rating_check;
ALTER TABLE shop.author ADD CONSTRAINT author_rating_check CHECK (rating >= 0) NOT ENFORCED;
--# a CHECK with a colon and a percent sign
ALTER TABLE shop.author ADD CONSTRAINT author_name_odd CHECK (name NOT LIKE '% :x%');
--# a comment on a constraint
COMMENT ON CONSTRAINT author_rating_check ON shop.author IS 'no bad authors';
--# an inherited CHECK that is a child's own too
ALTER TABLE shop.note ADD CONSTRAINT note_body CHECK (body <> '');
-->
CREATE TABLE shop.other_note (id integer, body text, CONSTRAINT note_body CHECK (body <> '')) INHERITS (shop.note);
--# a CHECK of one partition alone
ALTER TABLE shop.sale_2025 ADD CONSTRAINT sale_2025_large CHECK (amount > 10);
--# a UNIQUE more
ALTER TABLE shop.author ADD CONSTRAINT author_name_key UNIQUE (name);
--# a UNIQUE less
ALTER TABLE shop.author DROP CONSTRAINT author_email_key;
--# a UNIQUE over other columns
ALTER TABLE shop.author DROP CONSTRAINT author_email_key;
ALTER TABLE shop.author ADD CONSTRAINT author_email_key UNIQUE (email, name);
--# a UNIQUE over columns in another order
ALTER TABLE shop.author ADD CONSTRAINT author_both UNIQUE (email, name);
-->
ALTER TABLE shop.author DROP CONSTRAINT author_both;
ALTER TABLE shop.author ADD CONSTRAINT author_both UNIQUE (name, email);
--# a UNIQUE that may be checked late
ALTER TABLE shop.author DROP CONSTRAINT author_email_key;
ALTER TABLE shop.author ADD CONSTRAINT author_email_key UNIQUE (email) DEFERRABLE;
--# a UNIQUE that takes nulls for equal
ALTER TABLE shop.author DROP CONSTRAINT author_email_key;
ALTER TABLE shop.author ADD CONSTRAINT author_email_key UNIQUE NULLS NOT DISTINCT (email);
--# a UNIQUE that includes a column
ALTER TABLE shop.author DROP CONSTRAINT author_email_key;
ALTER TABLE shop.author ADD CONSTRAINT author_email_key UNIQUE (email) INCLUDE (name);
--# the fillfactor of a UNIQUE
ALTER INDEX shop.author_email_key SET (fillfactor = 50);
--# a unique index in place of a UNIQUE
ALTER TABLE shop.author DROP CONSTRAINT author_email_key;
CREATE UNIQUE INDEX author_email_key ON shop.author (email);
--# a primary key more
ALTER TABLE public.plain ADD CONSTRAINT plain_pkey PRIMARY KEY (id);
--# a primary key less
ALTER TABLE shop.book DROP CONSTRAINT book_pkey;
--# a primary key over other columns
ALTER TABLE shop.book DROP CONSTRAINT book_pkey;
ALTER TABLE shop.book ADD CONSTRAINT book_pkey PRIMARY KEY (id, author_id);
--# a primary key of another name
ALTER TABLE shop.book RENAME CONSTRAINT book_pkey TO pk_book;
--# a temporal primary key
--@ since 18
CREATE TABLE shop.stay (room int4range, during daterange, CONSTRAINT stay_pkey PRIMARY KEY (room, during));
-->
ALTER TABLE shop.stay DROP CONSTRAINT stay_pkey;
ALTER TABLE shop.stay ADD CONSTRAINT stay_pkey PRIMARY KEY (room, during WITHOUT OVERLAPS);
--# a temporal foreign key
--@ since 18
CREATE TABLE shop.stay (room int4range, during daterange, CONSTRAINT stay_pkey PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE shop.meal (room int4range, during daterange);
-->
ALTER TABLE shop.meal ADD CONSTRAINT meal_stay FOREIGN KEY (room, PERIOD during) REFERENCES shop.stay (room, PERIOD during);
--# a foreign key more
ALTER TABLE public.plain ADD CONSTRAINT plain_author FOREIGN KEY (id) REFERENCES shop.author (id);
--# a foreign key less
ALTER TABLE shop.book DROP CONSTRAINT book_author_id_fkey;
--# what a foreign key does on delete
ALTER TABLE shop.book DROP CONSTRAINT book_author_id_fkey;
ALTER TABLE shop.book ADD CONSTRAINT book_author_id_fkey FOREIGN KEY (author_id) REFERENCES shop.author (id) ON DELETE SET NULL;
--# the columns that a foreign key sets to null
CREATE TABLE shop.pair (a bigint, b text, CONSTRAINT pair_fk FOREIGN KEY (a) REFERENCES shop.author (id) ON DELETE SET NULL);
-->
ALTER TABLE shop.pair DROP CONSTRAINT pair_fk;
ALTER TABLE shop.pair ADD CONSTRAINT pair_fk FOREIGN KEY (a) REFERENCES shop.author (id) ON DELETE SET NULL (a);
--# what a foreign key does on update
ALTER TABLE shop.book DROP CONSTRAINT book_author_id_fkey;
ALTER TABLE shop.book ADD CONSTRAINT book_author_id_fkey FOREIGN KEY (author_id) REFERENCES shop.author (id) ON UPDATE CASCADE ON DELETE CASCADE;
--# a foreign key that is deferred
ALTER TABLE shop.book ALTER CONSTRAINT book_author_id_fkey DEFERRABLE INITIALLY DEFERRED;
--# a foreign key that may be deferred
ALTER TABLE shop.book ALTER CONSTRAINT book_author_id_fkey DEFERRABLE;
--# a foreign key that is not validated
ALTER TABLE shop.book DROP CONSTRAINT book_author_id_fkey;
ALTER TABLE shop.book ADD CONSTRAINT book_author_id_fkey FOREIGN KEY (author_id) REFERENCES shop.author (id) ON DELETE CASCADE NOT VALID;
--# a foreign key that is not enforced
--@ since 18
ALTER TABLE shop.book ALTER CONSTRAINT book_author_id_fkey NOT ENFORCED;
--# a foreign key to another table
CREATE TABLE shop.person (id bigint PRIMARY KEY);
-->
ALTER TABLE shop.book DROP CONSTRAINT book_author_id_fkey;
ALTER TABLE shop.book ADD CONSTRAINT book_author_id_fkey FOREIGN KEY (author_id) REFERENCES shop.person (id) ON DELETE CASCADE;
--# a foreign key that matches fully
ALTER TABLE shop.book DROP CONSTRAINT book_author_id_fkey;
ALTER TABLE shop.book ADD CONSTRAINT book_author_id_fkey FOREIGN KEY (author_id) REFERENCES shop.author (id) MATCH FULL ON DELETE CASCADE;
--# an EXCLUDE less
ALTER TABLE shop.book DROP CONSTRAINT book_shelf_excl;
--# another operator of an EXCLUDE
ALTER TABLE shop.book DROP CONSTRAINT book_shelf_excl;
ALTER TABLE shop.book ADD CONSTRAINT book_shelf_excl EXCLUDE USING gist (shelf WITH =, sold_during WITH -|-);
--# the predicate of an EXCLUDE
ALTER TABLE shop.book DROP CONSTRAINT book_shelf_excl;
ALTER TABLE shop.book ADD CONSTRAINT book_shelf_excl EXCLUDE USING gist (shelf WITH =, sold_during WITH &&) WHERE (pages > 0);
--# a constraint trigger
CREATE CONSTRAINT TRIGGER author_late AFTER INSERT ON shop.author DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.touch();
--# a domain's CHECK more
ALTER DOMAIN shop.isbn ADD CONSTRAINT isbn_digits CHECK (VALUE ~ '^[0-9]+$');
--# a domain's CHECK less
ALTER DOMAIN shop.isbn DROP CONSTRAINT isbn_length;
--# another text of a domain's CHECK
ALTER DOMAIN shop.isbn DROP CONSTRAINT isbn_length;
ALTER DOMAIN shop.isbn ADD CONSTRAINT isbn_length CHECK (length(VALUE) = 10);
--# a domain's CHECK that is not validated
ALTER DOMAIN shop.isbn DROP CONSTRAINT isbn_length;
ALTER DOMAIN shop.isbn ADD CONSTRAINT isbn_length CHECK (length(VALUE) = 13) NOT VALID;
--# a domain's CHECK of another name
ALTER DOMAIN shop.isbn RENAME CONSTRAINT isbn_length TO isbn_is_long;
--# a comment on a domain's CHECK
COMMENT ON CONSTRAINT isbn_length ON DOMAIN shop.isbn IS 'thirteen digits';
--# a domain's NOT NULL under another name
--@ since 17
ALTER DOMAIN shop.percent RENAME CONSTRAINT percent_not_null TO percent_given;
