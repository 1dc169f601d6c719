"""Where rows are refused: values that fit no type, and those that a constraint does not admit (classes 22 and 23)."""

from __future__ import annotations

from pgharness.describing.advice.kind import CHANGES_TYPE, Advice

ROWS: tuple[Advice, ...] = (
    Advice(
        "21000",
        "cardinality_violation",
        "let the statement name each row once: SELECT DISTINCT ON (<key>) … in place of SELECT …",
        r"ON CONFLICT DO UPDATE command cannot affect row a second time",
    ),
    Advice(
        "21000",
        "cardinality_violation",
        "let the subquery give one row: an aggregate (min(<column>)), or ORDER BY … LIMIT 1",
        r"more than one row returned by a subquery",
    ),
    Advice(
        "22001",
        "string_data_right_truncation",
        "Alembic's table takes 32 characters of a revision: shorten `revision` in its file, and down_revision in the next one; or let an earlier revision "
        'make room, op.execute("ALTER TABLE {versions} ALTER COLUMN version_num TYPE varchar(255)")',
        r"(?:INSERT INTO|UPDATE) (?P<versions>\S+) (?:\(|SET )version_num[\s\S]*character varying\(32\)",
    ),
    Advice(
        "22001",
        "string_data_right_truncation",
        'shorten the values first: op.execute("UPDATE <table> SET <column> = left(<column>, {length})")',
        rf"{CHANGES_TYPE}[\s\S]*character(?: varying)?\((?P<length>\d+)\)",
    ),
    Advice(
        "22001",
        "string_data_right_truncation",
        "let the statement write left(<value>, {length}) where the rest of a text may go, else give the column a longer type before: "
        "op.alter_column(…, type_=…)",
        r"character(?: varying)?\((?P<length>\d+)\)",
    ),
    Advice(
        "22000",
        "data_exception",
        "hand over a value of the parameter's own type, not its text: the driver converts none",
        "invalid input for query argument",
    ),
    Advice(
        "22003",
        "numeric_value_out_of_range",
        "take a type that holds the values that are there, or UPDATE them first",
        CHANGES_TYPE,
    ),
    Advice(
        "22003",
        "numeric_value_out_of_range",
        "give the column a type before that holds what the statement writes, op.alter_column(…, type_=…), or leave out the rows for which "
        "it comes to too much",
    ),
    Advice(
        "22P02",
        "invalid_text_representation",
        'UPDATE the values that are no {type} first, or lead them over: postgresql_using="CASE <column> WHEN … THEN … END"',
        rf"{CHANGES_TYPE}[\s\S]*invalid input (?:value for|syntax for type) (?P<type>[^:\n]+)",
    ),
    Advice(
        "22P02",
        "invalid_text_representation",
        "let the statement write what is {type}, CASE <value> WHEN … THEN … END, or leave out the rows whose value is none",
        r"invalid input (?:value for|syntax for type) (?P<type>[^:\n]+)",
    ),
    Advice(
        "23502",
        "not_null_violation",
        'add {column} with a server_default, and in the model; or by itself, as nullable, with a default, and then op.execute("UPDATE {table} SET {column} = <value> WHERE {column} IS NULL"), '
        "and forbid NULL once a CHECK that is NOT VALID at first has proven it, each committed by itself in an autocommit block",
        r'\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"?(?P<column>[^"\s]+)"?\s[\s\S]*column "(?P=column)" of relation "(?P<table>[^"]+)"',
    ),
    Advice(
        "23502",
        "not_null_violation",
        "let the INSERT give {column} a value, or leave out the rows that have none",
        r'\A\s*(?:WITH\b[\s\S]*)?INSERT\b[\s\S]*column "(?P<column>[^"]+)" of relation',
    ),
    Advice(
        "23502",
        "not_null_violation",
        'fill the column first: op.execute("UPDATE {table} SET {column} = <value> WHERE {column} IS NULL")',
        r'column "(?P<column>[^"]+)" of relation "(?P<table>[^"]+)" contains null values',
    ),
    Advice(
        "23502",
        "not_null_violation",
        "let the statement give {column} a value where it comes to none, coalesce(…, <value>), or leave out such rows",
        r'column "(?P<column>[^"]+)" of relation',
    ),
    Advice(
        "23503",
        "foreign_key_violation",
        "UPDATE or DELETE the rows of {table} that refer to none, in this revision before VALIDATE",
        r'\bVALIDATE\s+CONSTRAINT\b[\s\S]*on table "(?P<table>[^"]+)" violates foreign key',
    ),
    Advice(
        "23503",
        "foreign_key_violation",
        "leave out of the statement the rows whose {columns} refer to none in {parent}, or write those first",
        r'\A\s*(?:WITH\b[\s\S]*)?(?:INSERT|UPDATE)\b[\s\S]*Key (?P<columns>\([^)]*\))=.*is not present in table "(?P<parent>[^"]+)"',
    ),
    Advice(
        "23503",
        "foreign_key_violation",
        "DELETE or UPDATE the rows of {child} that refer to it first",
        r'\A\s*(?:WITH\b[\s\S]*)?(?:DELETE|UPDATE)\b[\s\S]*is still referenced from table "(?P<child>[^"]+)"',
    ),
    Advice(
        "23503",
        "foreign_key_violation",
        "UPDATE or DELETE the rows of {table} that refer to none first, or add the key with postgresql_not_valid=True and VALIDATE it in a "
        "later revision",
        r'on table "(?P<table>[^"]+)" violates foreign key',
    ),
    Advice(
        "23505",
        "unique_violation",
        "let what is there stay: ON CONFLICT {columns} DO NOTHING; or leave out of the INSERT what a default gives",
        r"\A\s*INSERT\b[\s\S]*Key (?P<columns>\([^)]*\))",
    ),
    Advice(
        "23505",
        "unique_violation",
        "let the UPDATE give each row {columns} of its own; or lead over what refers to all but one of those that come to the same, and DELETE them",
        r"\A\s*(?:WITH\b[\s\S]*)?UPDATE\b[\s\S]*Key (?P<columns>\([^)]*\))",
    ),
    Advice(
        "23505",
        "unique_violation",
        "keep one row of each first: lead over what refers to the others, then DELETE them; they are equal in {columns}",
        r"Key (?P<columns>\([^)]*\))",
    ),
    Advice("23505", "unique_violation", "write each key once: ON CONFLICT DO NOTHING, or DELETE what is there first"),
    Advice(
        "23P01",
        "exclusion_violation",
        "leave out of the statement the rows that conflict, or DELETE or UPDATE the others first: {detail}",
        r"\A\s*(?:WITH\b[\s\S]*)?(?:INSERT|UPDATE)\b[\s\S]*DETAIL:\s+(?P<detail>[^\n]+)",
    ),
    Advice(
        "23P01",
        "exclusion_violation",
        "UPDATE or DELETE the rows that conflict with others first: {detail}",
        r"DETAIL:\s+(?P<detail>[^\n]+)",
    ),
    Advice(
        "23514",
        "check_violation",
        "let the new partition take over its rows: CREATE TABLE … (LIKE the partitioned table INCLUDING ALL), WITH moved AS (DELETE FROM "
        "{partition} WHERE … RETURNING *) INSERT INTO it SELECT * FROM moved, and then ATTACH PARTITION",
        r'updated partition constraint for default partition "(?P<partition>[^"]+)"',
    ),
    Advice(
        "23514",
        "check_violation",
        "let the statement write what {constraint} admits, or leave out the rows that it refuses",
        r'\A\s*(?:WITH\b[\s\S]*)?(?:INSERT|UPDATE)\b[\s\S]*check constraint "(?P<constraint>[^"]+)"',
    ),
    Advice(
        "23514",
        "check_violation",
        "UPDATE the rows that violate it, in this revision before VALIDATE",
        r"\bVALIDATE\s+CONSTRAINT\b",
    ),
    Advice(
        "23514",
        "check_violation",
        "UPDATE the rows that violate it first, or add it with postgresql_not_valid=True and VALIDATE it in a later revision",
    ),
)
