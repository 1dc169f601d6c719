"""Where a transaction, a lock, a limit or a right is in the way (classes 25, 40, 54, 55 and 57, and 42501)."""

from __future__ import annotations

from pgharness.describing.advice.kind import AUTOCOMMIT_BLOCK, Advice

TRANSACTIONS: tuple[Advice, ...] = (
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
)
