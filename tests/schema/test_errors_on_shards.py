"""Errors of a distributed database: the server passes on code and message alone, and names with a shard's number behind them."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from flowforge_schema import (
    AppError,
    CommitUnknownError,
    ConflictError,
    Database,
    DatabaseUnavailableError,
    InvalidDataError,
    InvariantViolationError,
    ReferenceNotFoundError,
    ResourceInUseError,
    UnavailableReason,
    UnexpectedDatabaseError,
)
from flowforge_schema.errors import translate

# Code, message as a node passes it on, the statement, and what is made of it.
TOLD = {
    "unique": (
        "23505",
        'duplicate key value violates unique constraint "uq_users__casefold_email_102016"',
        (ConflictError, "uq_users__casefold_email", "email"),
    ),
    "unique, in German": (
        "23505",
        "doppelter Schlüsselwert verletzt Unique-Constraint »pk_workflow_runs_1020169«",
        (ConflictError, "pk_workflow_runs", "id"),
    ),
    "check, in Japanese": (
        "23514",
        'リレーション"users_102016"の新しい行は検査制約"ck_users__email_has_one_at_102016"に違反しています',
        (InvariantViolationError, "ck_users__email_has_one_at", "email"),
    ),
    "a key of the child": (
        "23503",
        'insert or update on table "workflows_102010" violates foreign key constraint "fk_workflows__owner_id__users_102010"',
        (ReferenceNotFoundError, "fk_workflows__owner_id__users", "owner_id"),
    ),
    "a trigger": (
        "23503",
        "tr_run_step_logs__step_of_run: a step is not one of the version that its run is of",
        (ReferenceNotFoundError, "tr_run_step_logs__step_of_run", "step_id"),
    ),
    "not null": (
        "23502",
        'null value in column "email" of relation "users_102016" violates not-null constraint',
        (InvalidDataError, None, "email"),
    ),
    "not null, in Japanese": (
        "23502",
        'リレーション"workflow_runs_102044"の列"status"のNULL値が非NULL制約に違反しています',
        (InvalidDataError, None, "status"),
    ),
    "a name that nobody knows": (
        "23505",
        'duplicate key value violates unique constraint "uq_of_somebody_else_102016"',
        (ConflictError, None, None),
    ),
}


async def raised_by(database: Database, code: str, message: str, **names: str) -> AppError:
    """Let the server raise an error as a node passes it on."""
    using = ", ".join([f"ERRCODE = '{code}'", *(f"{name.upper()} = '{value}'" for name, value in names.items())])
    with pytest.raises(AppError) as caught:
        async with database.session() as session:
            await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION '{message}' USING {using}; END $$"))
    return caught.value


async def test_what_a_shard_refuses_keeps_constraint_and_field(database: Database) -> None:
    for case, (code, message, (kind, constraint, field)) in TOLD.items():
        error = await raised_by(database, code, message)

        assert (type(error), error.constraint, error.field) == (kind, constraint, field), case


async def test_a_name_with_the_number_of_a_shard_is_the_tables_own(database: Database) -> None:
    error = await raised_by(database, "23505", "x", constraint="pk_users_102016", table="users_102016")

    assert (error.constraint, error.field) == ("pk_users", "id")


async def test_a_name_in_the_message_of_another_kind_of_error_means_nothing(database: Database) -> None:
    assert (await raised_by(database, "42703", "pk_users")).constraint is None


def refused(statement: str) -> AppError:
    message = 'update or delete on table "x" violates foreign key constraint "fk_workflows__owner_id__users_102010"'
    original = psycopg.errors.ForeignKeyViolation(message, info={ord("C"): b"23503", ord("M"): message.encode()})
    return translate(IntegrityError(statement, None, original))


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE workflows SET owner_id = $1", ReferenceNotFoundError),
        ("INSERT INTO workflows VALUES ($1)", ReferenceNotFoundError),
        ("UPDATE users SET id = $1", ResourceInUseError),
        ("DELETE FROM users", ResourceInUseError),
    ],
)
def test_which_side_of_a_key_was_changed_is_told_without_the_tables_name(statement: str, kind: type[AppError]) -> None:
    assert type(refused(statement)) is kind


@pytest.mark.parametrize("function", ["ReportConnectionError", "ReportResultError"])
@pytest.mark.parametrize("code", ["XX000", "08006"])
def test_a_node_that_was_lost_is_unavailable(function: str, code: str) -> None:
    info: dict[int, bytes | None] = {ord("C"): code.encode(), ord("M"): b"gone", ord("R"): function.encode()}

    error = translate(psycopg.errors.lookup(code)("gone", info=info))
    assert (type(error), error.reason) == (DatabaseUnavailableError, UnavailableReason.NODE_LOST)


@pytest.mark.parametrize("function", ["ProcessWaitEvents", "WaitForAllConnections"])
def test_a_coordinator_that_goes_down_while_it_waits_for_nodes_is_unavailable(function: str) -> None:
    info: dict[int, bytes | None] = {ord("C"): b"XX000", ord("M"): b"gone", ord("R"): function.encode()}

    error = translate(psycopg.errors.InternalError_("gone", info=info))
    assert (type(error), error.reason) == (DatabaseUnavailableError, UnavailableReason.CONNECTION_LOST)


def test_an_internal_error_of_the_server_itself_stays_one() -> None:
    info: dict[int, bytes | None] = {ord("C"): b"XX000", ord("M"): b"x", ord("R"): b"elog"}

    assert type(translate(psycopg.errors.InternalError_("x", info=info))) is UnexpectedDatabaseError


FAILS_AT_COMMIT = """
DO $$ BEGIN
    CREATE TABLE mine ();
    CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''could not commit'' USING ERRCODE = ''XX000''; END';
    CREATE CONSTRAINT TRIGGER mine AFTER INSERT ON mine DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mine();
    INSERT INTO mine DEFAULT VALUES;
END $$"""


async def test_an_internal_error_at_the_commit_leaves_its_outcome_open(database: Database) -> None:
    unit = database.session()
    session = await unit.__aenter__()
    await session.execute(text(FAILS_AT_COMMIT))

    with pytest.raises(CommitUnknownError):
        await unit.__aexit__(None, None, None)


async def test_an_internal_error_before_the_commit_is_none_of_it(database: Database) -> None:
    assert type(await raised_by(database, "XX000", "x")) is UnexpectedDatabaseError
