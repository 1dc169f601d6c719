"""Pairs of `data`: revisions that lose or change what stands in tables, and twins that keep it."""

from __future__ import annotations

from tests.harness.history.pairs import Body, Pair, steps

SWAP = ("UPDATE {t} SET width = height, height = width",)
SWAP_BADLY = ("UPDATE {t} SET width = height", "UPDATE {t} SET height = width")
KEPT = 'allow = {"data": "it is meant"}'


def _table(columns: str, *rows: str) -> tuple[str, ...]:
    """Return the statements that make a table with a key and these rows."""
    values = ", ".join(f"({row})" for row in rows)
    return (f"CREATE TABLE {{t}} (id int PRIMARY KEY, {columns})", f"INSERT INTO {{t}} VALUES {values}")


def _retype(column: str, there: str, back: str, using: str = "", using_back: str = "") -> tuple[list[str], list[str]]:
    """Return the statements that change a column's type, and those that change it back."""
    return tuple(  # type: ignore[return-value]
        [f"ALTER TABLE {{t}} ALTER {column} TYPE {kind}" + (f" USING {cast}" if cast else "")]
        for kind, cast in ((there, using), (back, using_back))
    )


TYPES = (
    Pair(
        slug="cents",
        check="data",
        fails="numeric(10,2) becomes integer: the cents are rounded away",
        setup=_table("price numeric(10,2)", "1, 9.99", "2, 5"),
        bad=steps(*_retype("price", "integer", "numeric(10,2)")),
        good=steps(
            ["ALTER TABLE {t} ALTER price TYPE numeric(12,2)"],
            ["UPDATE {t} SET price = least(price, 99999999.99)", "ALTER TABLE {t} ALTER price TYPE numeric(10,2)"],
        ),
        subject="column public.{t}.price",
        says="The way from numeric(10,2) to integer and back loses 1 value",
    ),
    Pair(
        slug="hours",
        check="data",
        fails="timestamptz becomes date: the time of day is gone",
        setup=_table("at timestamptz", "1, '2024-05-06 07:08+00'"),
        bad=steps(*_retype("at", "date", "timestamptz")),
        good=steps(*_retype("at", "timestamp", "timestamptz", "at AT TIME ZONE 'UTC'", "at AT TIME ZONE 'UTC'")),
        subject="column public.{t}.at",
    ),
    Pair(
        slug="zones",
        check="data",
        fails="a timestamp is read in one time zone and written back in another",
        setup=_table("at timestamp", "1, '2024-05-06 07:08'"),
        bad=steps(
            *_retype("at", "timestamptz", "timestamp", "at AT TIME ZONE 'UTC'", "at AT TIME ZONE 'Europe/Berlin'")
        ),
        good=steps(*_retype("at", "timestamptz", "timestamp", "at AT TIME ZONE 'UTC'", "at AT TIME ZONE 'UTC'")),
        subject="column public.{t}.at",
    ),
    Pair(
        slug="cut",
        check="data",
        fails="text becomes varchar(8) USING left(…): the rest is cut off",
        setup=_table("name text", "1, 'Rumpelstiltskin'", "2, 'Ada'"),
        bad=steps(*_retype("name", "varchar(8)", "text", "left(name, 8)")),
        good=steps(*_retype("name", "varchar(80)", "text")),
        subject="column public.{t}.name",
    ),
    Pair(
        slug="blanks",
        check="data",
        fails="text becomes char(8): blanks at the end are lost",
        setup=_table("code text", "1, 'a  '"),
        bad=steps(*_retype("code", "char(8)", "text")),
        good=steps(*_retype("code", "varchar(8)", "text")),
        subject="column public.{t}.code",
    ),
    Pair(
        slug="keys_of_json",
        check="data",
        fails="jsonb becomes the text of one key: the others are gone",
        setup=_table("data jsonb", """1, '{"name": "Ada", "age": 36}'"""),
        bad=steps(*_retype("data", "text", "jsonb", "data ->> 'name'", "jsonb_build_object('name', data)")),
        good=steps(*_retype("data", "text", "jsonb", "", "data::jsonb")),
        subject="column public.{t}.data",
    ),
    Pair(
        slug="signed_text",
        check="data",
        fails="a text in JSON becomes jsonb, which keeps neither blanks nor the order of keys: its signature no longer fits",
        setup=_table("body text", """1, '{"b": 1,  "a": 2}'"""),
        bad=steps(*_retype("body", "jsonb", "text", "body::jsonb")),
        good=steps(*_retype("body", "json", "text", "body::json")),
        subject="column public.{t}.body",
    ),
    Pair(
        slug="tags",
        check="data",
        fails="an array becomes the text of its first element",
        setup=_table("tags text[]", "1, '{red,green}'"),
        bad=steps(*_retype("tags", "text", "text[]", "tags[1]", "ARRAY[tags]")),
        good=steps(*_retype("tags", "text", "text[]", "array_to_string(tags, ',')", "string_to_array(tags, ',')")),
        subject="column public.{t}.tags",
    ),
    Pair(
        slug="digits",
        check="data",
        fails="numeric becomes real, which has six digits",
        setup=_table("mass numeric", "1, 1234567.891"),
        bad=steps(*_retype("mass", "real", "numeric")),
        good=steps(*_retype("mass", "double precision", "numeric")),
        subject="column public.{t}.mass",
    ),
    Pair(
        slug="maybe",
        check="data",
        fails="a text of three answers becomes a boolean",
        setup=_table("answer text", "1, 'yes'", "2, 'no'", "3, 'maybe'"),
        bad=steps(*_retype("answer", "boolean", "text", "answer = 'yes'", "CASE WHEN answer THEN 'yes' ELSE 'no' END")),
        good=steps(
            *_retype(
                "answer",
                "boolean",
                "text",
                "CASE answer WHEN 'yes' THEN true WHEN 'no' THEN false END",
                "CASE WHEN answer THEN 'yes' WHEN NOT answer THEN 'no' ELSE 'maybe' END",
            )
        ),
        subject="column public.{t}.answer",
    ),
    Pair(
        slug="moods",
        check="data",
        fails="two labels of an enum become one",
        setup=(
            "CREATE TYPE {t}_mood AS ENUM ('happy', 'glad', 'sad')",
            *_table("mood {t}_mood", "1, 'happy'", "2, 'glad'", "3, 'sad'"),
        ),
        undo=("DROP TABLE {t}", "DROP TYPE {t}_mood"),
        bad=steps(
            [
                "CREATE TYPE {t}_new AS ENUM ('happy', 'sad')",
                "ALTER TABLE {t} ALTER mood TYPE {t}_new USING (CASE mood WHEN 'glad' THEN 'happy' ELSE mood::text END)::{t}_new",
                "DROP TYPE {t}_mood",
                "ALTER TYPE {t}_new RENAME TO {t}_mood",
            ],
            [
                "CREATE TYPE {t}_old AS ENUM ('happy', 'glad', 'sad')",
                "ALTER TABLE {t} ALTER mood TYPE {t}_old USING mood::text::{t}_old",
                "DROP TYPE {t}_mood",
                "ALTER TYPE {t}_old RENAME TO {t}_mood",
            ],
        ),
        good=steps(
            ["ALTER TYPE {t}_mood RENAME VALUE 'glad' TO 'merry'"],
            ["ALTER TYPE {t}_mood RENAME VALUE 'merry' TO 'glad'"],
        ),
        subject="column public.{t}.mood",
    ),
)

VALUES = (
    Pair(
        slug="times_100",
        check="data",
        fails="an UPDATE that the downgrade does not invert",
        setup=_table("price int", "1, 5", "2, 7"),
        bad=steps(["UPDATE {t} SET price = price * 100"]),
        good=steps(["UPDATE {t} SET price = price * 100"], ["UPDATE {t} SET price = price / 100"]),
        subject="column public.{t}.price",
        says="upgrade() changes 2 values, and downgrade() does not undo that",
    ),
    Pair(
        slug="counter",
        check="data",
        fails="a counter that goes up by one, and down by two",
        setup=_table("visits int", "1, 5"),
        bad=steps(["UPDATE {t} SET visits = visits + 1"], ["UPDATE {t} SET visits = visits - 2"]),
        good=steps(["UPDATE {t} SET visits = visits + 1"], ["UPDATE {t} SET visits = visits - 1"]),
        subject="column public.{t}.visits",
    ),
    Pair(
        slug="backfill",
        check="data",
        fails="a backfill without WHERE … IS NULL overwrites what people have entered",
        setup=_table("state text", "1, 'paid'", "2, NULL"),
        bad=steps(["UPDATE {t} SET state = 'new'"]),
        good=steps(["UPDATE {t} SET state = 'new' WHERE state IS NULL"]),
        subject="column public.{t}.state",
        says="upgrade() changes 1 value",
    ),
    Pair(
        slug="new_default",
        check="data",
        fails="a new default is given to all rows, and not only to those that come",
        setup=_table("limits int DEFAULT 10", "1, 10", "2, 500"),
        bad=steps(
            ["ALTER TABLE {t} ALTER limits SET DEFAULT 20", "UPDATE {t} SET limits = DEFAULT"],
            ["ALTER TABLE {t} ALTER limits SET DEFAULT 10"],
        ),
        good=steps(["ALTER TABLE {t} ALTER limits SET DEFAULT 20"], ["ALTER TABLE {t} ALTER limits SET DEFAULT 10"]),
        subject="column public.{t}.limits",
    ),
    Pair(
        slug="swapped",
        check="data",
        fails="two columns are swapped one after the other, so that both hold the second",
        setup=_table("width int, height int", "1, 3, 4"),
        bad=steps(SWAP_BADLY, SWAP_BADLY),
        good=steps(SWAP, SWAP),
        subject="column public.{t}.width",
    ),
    Pair(
        slug="in_order",
        check="data",
        fails="states are moved on in the wrong order, so that new ones end as closed",
        setup=_table("state text", "1, 'new'", "2, 'open'"),
        bad=steps(
            [
                "UPDATE {t} SET state = 'open' WHERE state = 'new'",
                "UPDATE {t} SET state = 'closed' WHERE state = 'open'",
            ],
            ["UPDATE {t} SET state = 'open' WHERE state = 'closed'"],
        ),
        good=steps(
            [
                "UPDATE {t} SET state = 'closed' WHERE state = 'open'",
                "UPDATE {t} SET state = 'open' WHERE state = 'new'",
            ],
            [
                "UPDATE {t} SET state = 'new' WHERE state = 'open'",
                "UPDATE {t} SET state = 'open' WHERE state = 'closed'",
            ],
        ),
        subject="column public.{t}.state",
    ),
    Pair(
        slug="touched",
        check="data",
        fails="a trigger sets updated_at while a backfill touches every row",
        setup=(
            *_table("note text, updated_at timestamptz", "1, NULL, '2024-01-01'"),
            "CREATE FUNCTION {t}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$",
            "CREATE TRIGGER touch BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}()",
        ),
        undo=("DROP TABLE {t}", "DROP FUNCTION {t}"),
        bad=steps(["UPDATE {t} SET note = '' WHERE note IS NULL"]),
        good=steps(
            [
                "ALTER TABLE {t} DISABLE TRIGGER touch",
                "UPDATE {t} SET note = '' WHERE note IS NULL",
                "ALTER TABLE {t} ENABLE TRIGGER touch",
            ]
        ),
        subject="column public.{t}.updated_at",
    ),
    Pair(
        slug="overwritten",
        check="data",
        fails="seed rows overwrite rows that people have changed",
        setup=_table("name text", "1, 'ours'"),
        bad=steps(["INSERT INTO {t} VALUES (1, 'default') ON CONFLICT (id) DO UPDATE SET name = excluded.name"]),
        good=steps(["INSERT INTO {t} VALUES (1, 'default') ON CONFLICT (id) DO NOTHING"]),
        subject="column public.{t}.name",
    ),
    Pair(
        slug="without_key",
        check="data",
        fails="the values of a table without a key are changed",
        setup=("CREATE TABLE {t} (name text, size int)", "INSERT INTO {t} VALUES ('a', 1), ('b', 2), ('b', 2)"),
        bad=steps(["UPDATE {t} SET size = 0 WHERE name = 'b'"]),
        good=steps(["UPDATE {t} SET size = size WHERE name = 'b'"]),
        subject="column public.{t}.size",
        says="upgrade() changes 2 values",
    ),
    Pair(
        slug="drawn_anew",
        check="data",
        fails="codes are drawn from a sequence, so that each upgrade gives other ones",
        setup=(*_table("code int", "1, 7", "2, 8"), "CREATE SEQUENCE {t}_codes"),
        undo=("DROP TABLE {t}", "DROP SEQUENCE {t}_codes"),
        bad=steps(
            ["ALTER TABLE {t} ADD old int", "UPDATE {t} SET old = code, code = nextval('{t}_codes')"],
            ["UPDATE {t} SET code = old", "ALTER TABLE {t} DROP old"],
        ),
        good=steps(
            ["ALTER TABLE {t} ADD old int", "UPDATE {t} SET old = code, code = 1000 + id"],
            ["UPDATE {t} SET code = old", "ALTER TABLE {t} DROP old"],
        ),
        subject="column public.{t}.code",
        says="Upgrading again after downgrade() gives 2 values otherwise",
    ),
    Pair(
        slug="seeded_by_chance",
        check="data",
        fails="a seed gives its rows another name each time, beside an id and a time that chance and the clock may give",
        setup=(
            "CREATE TABLE {t} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), number serial, name text, at timestamptz DEFAULT now())",
            "CREATE SEQUENCE {t}_names",
        ),
        undo=("DROP TABLE {t}", "DROP SEQUENCE {t}_names"),
        bad=steps(
            ["INSERT INTO {t} (name) SELECT 'plan ' || nextval('{t}_names') FROM generate_series(1, 2)"],
            ["DELETE FROM {t} WHERE name LIKE 'plan %'"],
        ),
        good=steps(
            ["INSERT INTO {t} (name) VALUES ('free'), ('team')"], ["DELETE FROM {t} WHERE name IN ('free', 'team')"]
        ),
        subject="table public.{t}",
        says="Upgraded again after downgrade()",
    ),
    Pair(
        slug="taken_by_what_is_new",
        check="data",
        fails="the way back deletes rows by what stood there before, beside those that only the new column marks",
        setup=_table("name text", "1, 'Ada'", "2, 'Bob'"),
        bad=steps(
            ["ALTER TABLE {t} ADD gone timestamptz"],
            ["DELETE FROM {t} WHERE name = 'Bob'", "ALTER TABLE {t} DROP gone"],
        ),
        good=steps(
            ["ALTER TABLE {t} ADD gone timestamptz"],
            ["DELETE FROM {t} WHERE gone IS NOT NULL", "ALTER TABLE {t} DROP gone"],
        ),
        subject="table public.{t}",
        says="downgrade() takes away",
    ),
    Pair(
        slug="reset_on_the_way_back",
        check="data",
        fails="the downgrade resets values that the upgrade has kept",
        setup=_table("state text", "1, 'paid'"),
        bad=steps(
            ["ALTER TABLE {t} ALTER state SET DEFAULT 'new'"],
            ["ALTER TABLE {t} ALTER state DROP DEFAULT", "UPDATE {t} SET state = 'none'"],
        ),
        good=steps(["ALTER TABLE {t} ALTER state SET DEFAULT 'new'"], ["ALTER TABLE {t} ALTER state DROP DEFAULT"]),
        subject="column public.{t}.state",
        says="downgrade() changes 1 value that upgrade() had kept",
    ),
)

COLUMNS = (
    Pair(
        slug="added_and_dropped",
        check="data",
        fails="a column is renamed by dropping it and adding another",
        setup=_table("mail text", "1, 'a@b.c'"),
        bad=steps(
            ["ALTER TABLE {t} ADD email text", "ALTER TABLE {t} DROP mail"],
            ["ALTER TABLE {t} ADD mail text", "ALTER TABLE {t} DROP email"],
        ),
        good=Body(
            'op.alter_column("{t}", "mail", new_column_name="email", schema="public")',
            'op.alter_column("{t}", "email", new_column_name="mail", schema="public")',
        ),
        typed=(
            'op.alter_column("{t}", "mail", new_column_name="email", schema="public")',
            'op.alter_column("{t}", "email", new_column_name="mail", schema="public")',
        ),
        subject="column public.{t}.mail",
        says="upgrade() drops the column, and downgrade() brings it back without 1 value",
    ),
    Pair(
        slug="dropped_column",
        check="data",
        fails="a column is dropped, and the downgrade brings it back empty",
        setup=_table("note text", "1, 'remember'"),
        bad=steps(["ALTER TABLE {t} DROP note"], ["ALTER TABLE {t} ADD note text"]),
        good=steps(["ALTER TABLE {t} DROP note"], ["ALTER TABLE {t} ADD note text"], KEPT),
        subject="column public.{t}.note",
    ),
    Pair(
        slug="split",
        check="data",
        fails="a column is split in two, and only one of them goes back",
        setup=_table("name text", "1, 'Ada Lovelace'"),
        bad=steps(
            [
                "ALTER TABLE {t} ADD first text, ADD last text",
                "UPDATE {t} SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2)",
                "ALTER TABLE {t} DROP name",
            ],
            [
                "ALTER TABLE {t} ADD name text",
                "UPDATE {t} SET name = first",
                "ALTER TABLE {t} DROP first, DROP last",
            ],
        ),
        good=steps(
            [
                "ALTER TABLE {t} ADD first text, ADD last text",
                "UPDATE {t} SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2)",
                "ALTER TABLE {t} DROP name",
            ],
            [
                "ALTER TABLE {t} ADD name text",
                "UPDATE {t} SET name = first || ' ' || last",
                "ALTER TABLE {t} DROP first, DROP last",
            ],
        ),
        subject="column public.{t}.name",
    ),
    Pair(
        slug="merged",
        check="data",
        fails="two columns become one, which is not taken apart again",
        setup=_table("street text, town text", "1, 'Main St', 'Springfield'"),
        bad=steps(
            [
                "ALTER TABLE {t} ADD address text",
                "UPDATE {t} SET address = street || ', ' || town",
                "ALTER TABLE {t} DROP street, DROP town",
            ],
            [
                "ALTER TABLE {t} ADD street text, ADD town text",
                "UPDATE {t} SET street = address",
                "ALTER TABLE {t} DROP address",
            ],
        ),
        good=steps(
            [
                "ALTER TABLE {t} ADD address text",
                "UPDATE {t} SET address = street || ', ' || town",
                "ALTER TABLE {t} DROP street, DROP town",
            ],
            [
                "ALTER TABLE {t} ADD street text, ADD town text",
                "UPDATE {t} SET street = split_part(address, ', ', 1), town = split_part(address, ', ', 2)",
                "ALTER TABLE {t} DROP address",
            ],
        ),
        subject="column public.{t}.town",
    ),
)

ROWS = (
    Pair(
        slug="duplicates",
        check="data",
        fails="rows that are taken for duplicates are deleted",
        setup=_table("email text", "1, 'a@b.c'", "2, 'a@b.c'"),
        bad=steps(["DELETE FROM {t} AS one USING {t} AS other WHERE one.id > other.id AND one.email = other.email"]),
        good=steps(
            ["DELETE FROM {t} AS one USING {t} AS other WHERE one.id > other.id AND one.email = other.email"], top=KEPT
        ),
        says="1 row of before",
    ),
    Pair(
        slug="emptied",
        check="data",
        fails="a table is emptied so that a column can be NOT NULL",
        setup=_table("name text", "1, 'Ada'"),
        bad=steps(["TRUNCATE {t}", "ALTER TABLE {t} ADD age int NOT NULL"], ["ALTER TABLE {t} DROP age"]),
        good=steps(["ALTER TABLE {t} ADD age int NOT NULL DEFAULT 0"], ["ALTER TABLE {t} DROP age"]),
    ),
    Pair(
        slug="cascade",
        check="data",
        fails="parents are written anew, and their children vanish by CASCADE",
        setup=(
            *_table("name text", "1, 'Ada'"),
            "CREATE TABLE {t}_child (id int PRIMARY KEY, parent int REFERENCES {t} ON DELETE CASCADE)",
            "INSERT INTO {t}_child VALUES (1, 1)",
        ),
        undo=("DROP TABLE {t}_child", "DROP TABLE {t}"),
        bad=steps(["DELETE FROM {t} WHERE id = 1", "INSERT INTO {t} VALUES (1, 'Ada')"]),
        good=steps(["INSERT INTO {t} VALUES (1, 'Ada') ON CONFLICT (id) DO UPDATE SET name = excluded.name"]),
        subject="table public.{t}_child",
    ),
    Pair(
        slug="archive",
        check="data",
        fails="rows are moved to a new table, which the downgrade drops with them",
        setup=_table("closed bool", "1, true", "2, false"),
        bad=steps(
            [
                "CREATE TABLE {t}_archive AS SELECT * FROM {t} WHERE closed",
                "DELETE FROM {t} WHERE closed",
            ],
            ["DROP TABLE {t}_archive"],
        ),
        good=steps(
            [
                "CREATE TABLE {t}_archive AS SELECT * FROM {t} WHERE closed",
                "DELETE FROM {t} WHERE closed",
            ],
            ["INSERT INTO {t} SELECT * FROM {t}_archive", "DROP TABLE {t}_archive"],
        ),
    ),
    Pair(
        slug="dropped_table",
        check="data",
        fails="a table is dropped, and the downgrade brings it back empty",
        setup=_table("name text", "1, 'Ada'"),
        bad=steps(["DROP TABLE {t}"], ["CREATE TABLE {t} (id int PRIMARY KEY, name text)"]),
        good=steps(["ALTER TABLE {t} RENAME TO {t}_old"], ["ALTER TABLE {t}_old RENAME TO {t}"]),
        says="upgrade() drops the table",
    ),
    Pair(
        slug="seeds",
        check="data",
        fails="rows that the upgrade inserts stay after the downgrade",
        setup=_table("name text", "1, 'Ada'"),
        bad=steps(["INSERT INTO {t} VALUES (2, 'Grace') ON CONFLICT DO NOTHING"]),
        good=steps(["INSERT INTO {t} VALUES (2, 'Grace')"], ["DELETE FROM {t} WHERE id = 2"]),
        says="downgrade() leaves 1 row",
    ),
    Pair(
        slug="more_than_seeds",
        check="data",
        fails="the downgrade deletes more rows than the upgrade has inserted",
        setup=_table("name text", "1, 'Ada'"),
        bad=steps(["INSERT INTO {t} VALUES (2, 'Grace')"], ["DELETE FROM {t}"]),
        good=steps(["INSERT INTO {t} VALUES (2, 'Grace')"], ["DELETE FROM {t} WHERE id = 2"]),
        says="downgrade() takes away 1 row",
    ),
    Pair(
        slug="renumbered",
        check="data",
        fails="rows get other keys, and keep them on the way back",
        setup=_table("name text", "1, 'Ada'"),
        bad=steps(["UPDATE {t} SET id = id + 100"]),
        good=steps(["UPDATE {t} SET id = id + 100"], ["UPDATE {t} SET id = id - 100"]),
    ),
    Pair(
        slug="wider_key",
        check="data",
        fails="the key becomes bigint by way of a new column, which is filled by the rows' order and not by their key",
        setup=_table("name text", "5, 'Ada'", "3, 'Grace'"),
        bad=steps(
            [
                "ALTER TABLE {t} ADD number bigint GENERATED ALWAYS AS IDENTITY",
                "ALTER TABLE {t} DROP id",
                "ALTER TABLE {t} RENAME number TO id",
                "ALTER TABLE {t} ALTER id DROP IDENTITY",
                "ALTER TABLE {t} ADD PRIMARY KEY (id)",
            ],
            ["DELETE FROM {t} WHERE id > 2147483647", "ALTER TABLE {t} ALTER id TYPE int"],
        ),
        good=steps(
            ["ALTER TABLE {t} ALTER id TYPE bigint"],
            ["DELETE FROM {t} WHERE id > 2147483647", "ALTER TABLE {t} ALTER id TYPE int"],
        ),
        says="upgrade() makes the key anew",
    ),
    Pair(
        slug="swapped_tables",
        check="data",
        fails="a table is copied, dropped and replaced by the copy, which lacks the rows with NULL",
        setup=_table("name text", "1, 'Ada'", "2, NULL"),
        bad=steps(
            [
                "CREATE TABLE {t}_new (LIKE {t} INCLUDING ALL)",
                "INSERT INTO {t}_new SELECT * FROM {t} WHERE name > ''",
                "DROP TABLE {t}",
                "ALTER TABLE {t}_new RENAME TO {t}",
                "ALTER INDEX {t}_new_pkey RENAME TO {t}_pkey",
            ]
        ),
        good=steps(
            [
                "CREATE TABLE {t}_new (LIKE {t} INCLUDING ALL)",
                "INSERT INTO {t}_new SELECT * FROM {t}",
                "DROP TABLE {t}",
                "ALTER TABLE {t}_new RENAME TO {t}",
                "ALTER INDEX {t}_new_pkey RENAME TO {t}_pkey",
            ]
        ),
    ),
)


def _newer(  # noqa: PLR0917 - a row of a table
    slug: str, fails: str, setup: tuple[str, ...], there: tuple[str, ...], back: tuple[str, ...], first: str
) -> Pair:
    """Return a pair whose downgrade fails on rows of the new schema, and passes where a statement brings them along first."""
    return Pair(
        slug=slug,
        check="data",
        fails=fails,
        setup=setup,
        bad=steps(there, back),
        good=steps(there, (first, *back)),
        subject=f"downgrade of bad_{slug}",
        says="downgrade() fails on rows that only the new schema admits",
    )


NEWER_ROWS = (
    _newer(
        "null_again",
        "NOT NULL is dropped, and set again while NULL stands there",
        _table("name text NOT NULL", "1, 'Ada'"),
        ("ALTER TABLE {t} ALTER name DROP NOT NULL",),
        ("ALTER TABLE {t} ALTER name SET NOT NULL",),
        "UPDATE {t} SET name = '' WHERE name IS NULL",
    ),
    _newer(
        "longer",
        "a text becomes longer, and is to be shorter again while a long one stands there",
        _table("name varchar(8)", "1, 'Ada'"),
        ("ALTER TABLE {t} ALTER name TYPE varchar(80)",),
        ("ALTER TABLE {t} ALTER name TYPE varchar(8)",),
        "UPDATE {t} SET name = left(name, 8)",
    ),
    _newer(
        "larger",
        "a number becomes larger than the old type holds",
        _table("size int", "1, 5"),
        ("ALTER TABLE {t} ALTER size TYPE bigint",),
        ("ALTER TABLE {t} ALTER size TYPE int",),
        "UPDATE {t} SET size = least(size, 2147483647)",
    ),
    _newer(
        "twice",
        "UNIQUE is dropped, and made again while two rows are alike",
        _table("email text CONSTRAINT {t}_email UNIQUE", "1, 'a@b.c'", "2, 'b@b.c'"),
        ("ALTER TABLE {t} DROP CONSTRAINT {t}_email",),
        ("ALTER TABLE {t} ADD CONSTRAINT {t}_email UNIQUE (email)",),
        "DELETE FROM {t} AS one USING {t} AS other WHERE one.id > other.id AND one.email = other.email",
    ),
    _newer(
        "refused",
        "a CHECK is dropped, and made again while a row violates it",
        _table("size int CONSTRAINT {t}_size CHECK (size > 0)", "1, 5"),
        ("ALTER TABLE {t} DROP CONSTRAINT {t}_size",),
        ("ALTER TABLE {t} ADD CONSTRAINT {t}_size CHECK (size > 0)",),
        "DELETE FROM {t} WHERE size <= 0",
    ),
    _newer(
        "another_state",
        "a state more is allowed, and refused again while a row has it",
        _table("state text CONSTRAINT {t}_state CHECK (state IN ('new', 'paid'))", "1, 'new'"),
        (
            "ALTER TABLE {t} DROP CONSTRAINT {t}_state",
            "ALTER TABLE {t} ADD CONSTRAINT {t}_state CHECK (state IN ('new', 'paid', 'sent'))",
        ),
        (
            "ALTER TABLE {t} DROP CONSTRAINT {t}_state",
            "ALTER TABLE {t} ADD CONSTRAINT {t}_state CHECK (state IN ('new', 'paid'))",
        ),
        "UPDATE {t} SET state = 'paid' WHERE state = 'sent'",
    ),
    Pair(
        slug="audited",
        check="data",
        fails="NOT NULL is set again while NULL stands there, in a table whose changes a trigger writes to another",
        setup=(
            *_table("name text NOT NULL", "1, 'Ada'"),
            "CREATE TABLE {t}_audit (at timestamptz DEFAULT now(), id int)",
            "CREATE FUNCTION {t}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO {t}_audit (id) VALUES (coalesce(NEW.id, OLD.id)); RETURN NULL; END $$",
            "CREATE TRIGGER audit AFTER INSERT OR DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}()",
        ),
        undo=("DROP TABLE {t}, {t}_audit", "DROP FUNCTION {t}"),
        bad=steps(["ALTER TABLE {t} ALTER name DROP NOT NULL"], ["ALTER TABLE {t} ALTER name SET NOT NULL"]),
        good=steps(
            ["ALTER TABLE {t} ALTER name DROP NOT NULL"],
            ["UPDATE {t} SET name = '' WHERE name IS NULL", "ALTER TABLE {t} ALTER name SET NOT NULL"],
        ),
        subject="downgrade of bad_audited",
    ),
    Pair(
        slug="another_label",
        check="data",
        fails="a label is added to an enum, which is made anew without it while a row has it",
        setup=(
            "CREATE TYPE {t}_mood AS ENUM ('happy', 'sad')",
            *_table("mood {t}_mood", "1, 'happy'"),
        ),
        undo=("DROP TABLE {t}", "DROP TYPE {t}_mood"),
        bad=steps(
            ["ALTER TYPE {t}_mood ADD VALUE 'glad'"],
            [
                "ALTER TYPE {t}_mood RENAME TO {t}_old",
                "CREATE TYPE {t}_mood AS ENUM ('happy', 'sad')",
                "ALTER TABLE {t} ALTER mood TYPE {t}_mood USING mood::text::{t}_mood",
                "DROP TYPE {t}_old",
            ],
        ),
        good=steps(
            ["ALTER TYPE {t}_mood ADD VALUE 'glad'"],
            [
                "ALTER TYPE {t}_mood RENAME TO {t}_old",
                "CREATE TYPE {t}_mood AS ENUM ('happy', 'sad')",
                "UPDATE {t} SET mood = 'happy' WHERE mood::text = 'glad'",
                "ALTER TABLE {t} ALTER mood TYPE {t}_mood USING mood::text::{t}_mood",
                "DROP TYPE {t}_old",
            ],
        ),
        subject="downgrade of bad_another_label",
    ),
)

PAIRS = (*TYPES, *VALUES, *COLUMNS, *ROWS, *NEWER_ROWS)
