"""Where what a statement names is missing, there already, in use or not so (classes 0A, 2B, 3F and 42)."""

from __future__ import annotations

from pgharness.describing.advice.kind import Advice
from pgharness.describing.advice.mysql import MYSQL

OBJECTS: tuple[Advice, ...] = (
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
        "2BP01",
        "dependent_objects_still_exist",
        'drop table {child} before it, where that goes too, else its key: op.drop_constraint("{constraint}", "{child}")',
        r"\bDROP\s+TABLE\b[\s\S]*DETAIL:\s+constraint (?P<constraint>\S+) on table (?P<child>\S+) depends on table",
    ),
    Advice(
        "2BP01",
        "dependent_objects_still_exist",
        'op.drop_constraint("{constraint}", "{table}") in its place, with which the index goes',
        r"cannot drop index \S+ because constraint (?P<constraint>\S+) on table (?P<table>\S+) requires it",
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
    *MYSQL,
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
        'a primary key is called PRIMARY by MySQL alone: op.drop_constraint(op.f("{table}_pkey"), "{table}"), where no name was given to it',
        r'constraint "PRIMARY" of relation "(?P<table>[^"]+)"',
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
        "42P16",
        "invalid_table_definition",
        'the type of that name is the row type of the table {table}: name the enum, or type, otherwise, as sa.Enum(…, name="{table}_<column>"), and make that first',
        r"composite type (?P<table>\S+) cannot be made a member of itself",
    ),
    Advice(
        "42P17",
        "invalid_object_definition",
        "let it depend on its columns alone: no now(), no cast or format by the session's time zone or language (… AT TIME ZONE 'UTC'), no own function that is not declared IMMUTABLE",
        r"immutable",
    ),
)
