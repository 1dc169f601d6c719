"""What to type where the server refused a statement: advice by SQLSTATE, which says more than the message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pgharness.catalog.identifiers import quoted
from pgharness.catalog.proposing.python_words import string
from pgharness.records.steps import Failure

_SQL = re.compile(r'op\.execute\("[^"]*"\)')
_CHANGES_TYPE = r"\bALTER\s+TABLE\b[\s\S]*\bTYPE\b"
"""What there is to be changed stands in the table; else the statement itself writes what is refused, and other rows are sound."""
AUTOCOMMIT_BLOCK = "with op.get_context().autocommit_block():"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to type for one SQLSTATE; `condition` is its name in PostgreSQL's manual (appendix A).

    `words` is a pattern that statement or message must match; its groups stand in `mend` by their names, as `{table}`.
    """

    sqlstate: str
    condition: str
    mend: str
    words: str = ""


ADVICE: tuple[Advice, ...] = (
    Advice(
        "0A000",
        "feature_not_supported",
        "drop the {reader} before and make it again after: PostgreSQL changes no column's type below what reads it",
        r"used (?:by|in) a (?P<reader>view or rule|generated column|policy definition|trigger definition|function or procedure)",
    ),
    Advice(
        "0A000",
        "feature_not_supported",
        "take all columns of the partition key into it: {detail}",
        r"on partitioned table must include all partitioning columns\n(?:DETAIL:\s+)?(?P<detail>[^\n]+)",
    ),
    Advice(
        "0A000",
        "feature_not_supported",
        "CREATE INDEX … ON ONLY {table} in a transaction; then on each partition CREATE INDEX CONCURRENTLY in an autocommit block, and ALTER INDEX … ATTACH PARTITION",
        r'cannot create index on partitioned table "(?P<table>[^"]+)" concurrently',
    ),
    Advice(
        "22001",
        "string_data_right_truncation",
        'shorten the values first: op.execute("UPDATE <table> SET <column> = left(<column>, {length})")',
        rf"{_CHANGES_TYPE}[\s\S]*character(?: varying)?\((?P<length>\d+)\)",
    ),
    Advice(
        "22001",
        "string_data_right_truncation",
        "let the statement write left(<value>, {length}) where the rest of a text may go, else give the column a longer type before: "
        "op.alter_column(…, type_=…)",
        r"character(?: varying)?\((?P<length>\d+)\)",
    ),
    Advice(
        "22003",
        "numeric_value_out_of_range",
        "take a type that holds the values that are there, or UPDATE them first",
        _CHANGES_TYPE,
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
        rf"{_CHANGES_TYPE}[\s\S]*invalid input (?:value for|syntax for type) (?P<type>[^:\n]+)",
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
        'add {column} with a server_default, and in the model; or as nullable, in the next revision op.execute("UPDATE {table} SET {column} = <value>"), and in one after it '
        'op.alter_column("{table}", "{column}", nullable=False)',
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
    Advice(
        "25001",
        "active_sql_transaction",
        f"it cannot run in a transaction: put it into an autocommit block, `{AUTOCOMMIT_BLOCK}`",
        r"CONCURRENTLY|ADD\s+VALUE|VACUUM|DATABASE|TABLESPACE|SYSTEM|SUBSCRIPTION",
    ),
    Advice(
        "25P02",
        "in_failed_sql_transaction",
        "let the error of the statement before be raised, or confine it: with op.get_bind().begin_nested():",
    ),
    Advice(
        "2BP01",
        "dependent_objects_still_exist",
        'drop table {child} before it, where that goes too, else its key: op.drop_constraint("{constraint}", "{child}")',
        r"\bDROP\s+TABLE\b[\s\S]*DETAIL:\s+constraint (?P<constraint>\S+) on table (?P<child>\S+) depends on table",
    ),
    Advice(
        "2BP01",
        "dependent_objects_still_exist",
        "drop {user} first, and make it again after where it is to stay",
        r"DETAIL:\s+(?P<user>.+?) depends on ",
    ),
    Advice(
        "2BP01",
        "dependent_objects_still_exist",
        "drop first what depends on it, as DETAIL says, and make it again after where it is to stay",
    ),
    Advice(
        "3F000",
        "invalid_schema_name",
        'make the schema of the version table before Alembic makes that: context.execute("CREATE SCHEMA IF NOT EXISTS {schema}") in env.py, before context.run_migrations(), online and offline',
        r"CREATE\s+TABLE\s+(?P<schema>\S+)\.\S+\s*\(\s*version_num\b",
    ),
    Advice(
        "3F000",
        "invalid_schema_name",
        'make the schema before: op.execute("CREATE SCHEMA {schema}")',
        r'schema "(?P<schema>[^"]+)"',
    ),
    Advice(
        "40P01",
        "deadlock_detected",
        "take locks in one order: LOCK TABLE of all that the revision changes at its beginning, and one connection alone",
    ),
    Advice(
        "42501",
        "insufficient_privilege",
        "the role that migrates has to own {object}, or be a member of its owner: GRANT <owner> TO <role>",
        r"must be owner of (?P<object>.+)",
    ),
    Advice(
        "42501",
        "insufficient_privilege",
        'give the role that migrates the privilege, GRANT … TO <role>, or let a role that has it do this before the chain (baseline = "<file>.sql")',
    ),
    Advice(
        "428C9",
        "generated_always",
        "leave {column} out of the statement: PostgreSQL computes it",
        r'column "(?P<column>[^"]+)"[\s\S]*is a generated column',
    ),
    Advice(
        "428C9",
        "generated_always",
        "INSERT INTO … (…) OVERRIDING SYSTEM VALUE VALUES …, or leave {column} out, which then gets the next number; an UPDATE has to leave it alone",
        r'column "(?P<column>[^"]+)"',
    ),
    Advice(
        "42601",
        "syntax_error",
        "send each command by itself, op.execute() for each: the driver prepares what it sends, and only one command can be prepared",
        r"multiple commands",
    ),
    Advice(
        "42601",
        "syntax_error",
        r"correct the statement; a colon meant as text is \: in op.execute(), and a name that is a keyword wants quotes",
    ),
    Advice(
        "42701",
        "duplicate_column",
        "leave it out here: an earlier revision, or this one, has added column {column}; where one calls create_all(), which makes what the "
        "models are today, let it write out its tables as they were then",
        r'column "(?P<column>[^"]+)"',
    ),
    Advice(
        "42703",
        "undefined_column",
        "name the column as the revisions before this one leave it; there is no {column}",
        r'column "?(?P<column>[^" ]+)"? (?:of relation .* )?does not exist',
    ),
    Advice("42703", "undefined_column", "name the column as the revisions before this one leave it"),
    Advice(
        "42704",
        "undefined_object",
        'make the type before the first column of it, postgresql.ENUM(…, name="{type}").create(op.get_bind()); and drop it once, after the last',
        r'type "(?P<type>[^"]+)" does not exist',
    ),
    Advice(
        "42704",
        "undefined_object",
        "a role belongs to the server, and is made before the chain, here too: in the file of baseline, DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE \"{role}\"; END IF; END $$;",
        r'role "(?P<role>[^"]+)" does not exist',
    ),
    Advice(
        "42704",
        "undefined_object",
        "name it as the revisions before this one leave it, or DROP … IF EXISTS where it may be absent",
    ),
    Advice(
        "42710",
        "duplicate_object",
        (
            "a role belongs to the whole server and outlives every database: drop it there, or let runs have a server of their own "
            "(--server embedded)"
        ),
        r"\bCREATE\s+(ROLE|USER|GROUP)\b",
    ),
    Advice(
        "42710",
        "duplicate_object",
        "it exists already: postgresql.ENUM(…, create_type=False) in columns of such a type, or DROP TYPE where its last user goes",
        r"\bCREATE\s+TYPE\b",
    ),
    Advice(
        "42710",
        "duplicate_object",
        "it exists already: leave it out here, or drop it where the revision that made it is taken back",
    ),
    Advice(
        "42723",
        "duplicate_function",
        "CREATE OR REPLACE FUNCTION, or DROP FUNCTION in the downgrade of the revision that made it",
    ),
    Advice(
        "42804",
        "datatype_mismatch",
        'take the default away before and set it again after: op.alter_column(…, "{column}", server_default=None)',
        r'default for column "(?P<column>[^"]+)" cannot be cast',
    ),
    Advice(
        "42804",
        "datatype_mismatch",
        'say how: op.alter_column(…, postgresql_using="{column}::{type}")',
        r'column "(?P<column>[^"]+)" cannot be cast automatically to type (?P<type>[^\n]+)',
    ),
    Advice(
        "42804",
        "datatype_mismatch",
        "drop the foreign key, give both columns the type, and make it again: {detail}",
        r"foreign key constraint .*\n(?:DETAIL:\s+)?(?P<detail>Key columns? .+)",
    ),
    Advice("42804", "datatype_mismatch", "cast the value to the type of the column: <value>::<type>"),
    Advice(
        "42830",
        "invalid_foreign_key",
        "make what the key leads to unique before: op.create_unique_constraint(…)",
    ),
    Advice(
        "42883",
        "undefined_function",
        'make it before: CREATE FUNCTION, or op.execute("CREATE EXTENSION IF NOT EXISTS <extension>"); else cast the arguments',
    ),
    Advice(
        "42846",
        "cannot_coerce",
        'there is no cast: lead the values over, postgresql_using="CASE <column> WHEN … THEN … END"',
    ),
    Advice(
        "42P01",
        "undefined_table",
        "name the table as the revisions before this one leave it, with its schema; down_revision decides which those are, "
        "and depends_on, where a revision of another branch makes it",
    ),
    Advice("42P06", "duplicate_schema", "CREATE SCHEMA IF NOT EXISTS, or leave it out here: it is there already"),
    Advice(
        "42P07",
        "duplicate_table",
        "it is there already: leave it out here; where env.py or the application calls create_all(), let the chain alone make tables",
    ),
    Advice(
        "42P10",
        "invalid_column_reference",
        "make a unique constraint on just these columns before, op.create_unique_constraint(…), or name in ON CONFLICT those of one that is there",
        r"ON CONFLICT",
    ),
    Advice(
        "42P16",
        "invalid_table_definition",
        "DROP VIEW and CREATE VIEW: to replace a view can only add columns at its end",
        r"\bVIEW\b",
    ),
    Advice(
        "42P16",
        "invalid_table_definition",
        "drop the primary key that is there before: op.drop_constraint(…)",
        r"multiple primary keys",
    ),
    Advice(
        "42P17",
        "invalid_object_definition",
        "let it depend on its columns alone: no now(), no cast or format by the session's time zone or language (… AT TIME ZONE 'UTC'), no own function that is not declared IMMUTABLE",
        r"immutable",
    ),
    Advice(
        "54000",
        "program_limit_exceeded",
        "the values are too long for it: an index on md5(<column>) or left(<column>, 500), or another method (hash, gin)",
        r"index row",
    ),
    Advice(
        "55000",
        "object_not_in_prerequisite_state",
        "make a unique index without WHERE on the materialized view before, or leave CONCURRENTLY out",
        r"concurrently",
    ),
    Advice(
        "55000",
        "object_not_in_prerequisite_state",
        'let it be NOT NULL before: op.alter_column("{table}", "{column}", nullable=False)',
        r'column "(?P<column>[^"]+)" of relation "(?P<table>[^"]+)" must be declared NOT NULL',
    ),
    Advice(
        "55000",
        "object_not_in_prerequisite_state",
        "REFRESH MATERIALIZED VIEW {view} before what reads it",
        r'materialized view "(?P<view>[^"]+)" has not been populated',
    ),
    Advice(
        "55006",
        "object_in_use",
        'let the rows be checked first: op.execute("SET CONSTRAINTS ALL IMMEDIATE") where they are written',
        "pending trigger events",
    ),
    Advice(
        "55P03", "lock_not_available", "end what holds the lock, or wait longer: SET lock_timeout before the statement"
    ),
    Advice(
        "55P04",
        "unsafe_new_enum_value_usage",
        f"commit the new value before it is used: add it by ALTER TYPE … ADD VALUE IF NOT EXISTS in an autocommit block, `{AUTOCOMMIT_BLOCK}`",
    ),
    Advice(
        "57014", "query_canceled", 'op.execute("SET LOCAL statement_timeout = 0") before a statement that may take long'
    ),
    Advice(
        "",
        "",
        r"a colon begins a parameter in op.execute(): write \: for one that is meant as text",
        "A value is required for bind parameter",
    ),
    Advice(
        "",
        "",
        "send text by op.execute(…), or wrap it for a connection: connection.execute(sa.text(…))",
        r"Not an executable object",
    ),
    Advice(
        "",
        "",
        "write %% for a percent sign in exec_driver_sql(), or send the statement by op.execute(), which does that",
        r"allowed as placeholders|incomplete placeholder|the query has \d+ placeholders?|unsupported format character|not enough arguments for format string",
    ),
    Advice(
        "",
        "",
        'name the constraint: op.drop_constraint("<name>", …), as PostgreSQL\'s catalog has it',
        "Can't emit DROP CONSTRAINT",
    ),
    Advice(
        "",
        "",
        "write CAST(:{name} AS <type>): what :: follows is no parameter to text()",
        r"doesn't define a bound parameter named '(?P<name>\w+)'",
    ),
)


def advice(failure: Failure, otherwise: str) -> str:
    """Return what mends the failure, or `otherwise`."""
    if failure.waited:
        return "let it run on the migration's own connection, op.get_bind(), which holds the lock"
    said = f"{failure.statement or ''}\n{failure.message}"
    for one in ADVICE:
        found = re.search(one.words, said, re.IGNORECASE) if one.sqlstate == (failure.sqlstate or "") else None
        if found is not None:
            return f"{_filled_in(one.mend, found.groupdict())}, or {otherwise}"
    return otherwise


def _filled_in(mend: str, groups: Mapping[str, str]) -> str:
    """Put in what was found; within SQL names are quoted where they have to be, as a Python literal holds that."""

    def executed(call: re.Match[str]) -> str:
        return re.sub(r"\{(table|column|schema)\}", lambda name: string(quoted(groups[name[1]]))[1:-1], call[0])

    return re.sub(r"\{(\w+)\}", lambda name: groups[name[1]], _SQL.sub(executed, mend)) if groups else mend
