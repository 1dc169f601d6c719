from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import (
    ApiKey,
    AppError,
    ConcurrentUpdateError,
    ConflictError,
    Database,
    DatabaseUnavailableError,
    InvalidDataError,
    InvariantViolationError,
    NotFoundError,
    ReadOnlyError,
    ReferenceNotFoundError,
    ResourceInUseError,
    SchemaMismatchError,
    SerializationError,
    TransientError,
    UnavailableReason,
    UnexpectedDatabaseError,
    User,
    Workflow,
    WorkflowStep,
)
from flowforge_schema.engine import PREPARE_THRESHOLD
from flowforge_schema.errors.reasons import reason_of
from flowforge_schema.errors.sqlstates import MEANINGS, Meaning, error_for


async def add_user(database: Database, email: str = "ada@example.org") -> UUID:
    async with database.session() as session:
        user = User(email=email)
        session.add(user)
    return user.id


async def add_workflow(database: Database, owner_id: UUID) -> UUID:
    async with database.session() as session:
        workflow = Workflow(owner_id=owner_id, name="report")
        session.add(workflow)
    return workflow.id


async def store(database: Database, *rows: object) -> None:
    async with database.session() as session:
        session.add_all(rows)


async def execute(database: Database, statement: str, **values: object) -> None:
    async with database.session() as session:
        await session.execute(text(statement), values)


# What PostgreSQL raises, by its code


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.sqlstate)
async def test_a_sqlstate_becomes_the_error_of_the_table(database: Database, meaning: Meaning) -> None:
    sqlstate = meaning.sqlstate if len(meaning.sqlstate) == 5 else f"{meaning.sqlstate}999"

    with pytest.raises(AppError) as raised:
        await execute(database, f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{sqlstate}'; END $$")

    assert (type(raised.value), raised.value.sqlstate) == (meaning.error, sqlstate)


def test_an_unknown_sqlstate_is_a_bug_of_ours() -> None:
    assert error_for("XX000") is UnexpectedDatabaseError


# What a row may not be


async def test_a_second_row_with_a_unique_value_is_a_conflict(database: Database) -> None:
    await add_user(database, "ada@example.org")

    with pytest.raises(ConflictError, match="A user with this e-mail address exists already") as raised:
        await add_user(database, "ADA@example.org")

    assert (raised.value.constraint, raised.value.field) == ("uq_users__casefold_email", "email")


async def test_a_missing_parent_is_a_reference_not_found(database: Database) -> None:
    with pytest.raises(ReferenceNotFoundError, match="There is no such user") as raised:
        await store(database, Workflow(owner_id=uuid4(), name="report"))

    assert raised.value.field == "owner_id"


async def test_an_update_to_a_missing_parent_is_a_reference_not_found(database: Database) -> None:
    await add_workflow(database, await add_user(database))

    with pytest.raises(ReferenceNotFoundError):
        await execute(database, "UPDATE workflows SET owner_id = uuidv7()")


async def test_deleting_a_row_that_is_referred_to_is_a_resource_in_use(database: Database) -> None:
    await add_workflow(database, await add_user(database))

    with pytest.raises(ResourceInUseError, match="The user still owns workflows") as raised:
        await execute(database, "DELETE FROM users")

    assert (raised.value.constraint, raised.value.field) == ("fk_workflows__owner_id__users", None)


@pytest.mark.parametrize("statement", ["DELETE FROM parents", 'UPDATE public."parents" SET id = 2'])
async def test_a_foreign_key_without_restrict_is_told_apart_by_the_statement(
    database: Database, statement: str
) -> None:
    await execute(database, "CREATE TABLE parents (id int PRIMARY KEY)")
    await execute(database, "CREATE TABLE children (parent_id int REFERENCES parents)")
    await execute(database, "WITH parent AS (INSERT INTO parents VALUES (1)) INSERT INTO children VALUES (NULL)")
    await execute(database, "UPDATE children SET parent_id = 1")

    with pytest.raises(ResourceInUseError) as raised:
        await execute(database, statement)

    assert raised.value.sqlstate == "23503"


async def test_a_broken_check_is_an_invariant_violation(database: Database) -> None:
    with pytest.raises(InvariantViolationError, match="contains a blank") as raised:
        await add_user(database, " ada@example.org")

    assert raised.value.constraint == "ck_users__email_no_blank"


async def test_a_missing_value_is_invalid_data_and_names_its_column(database: Database) -> None:
    with pytest.raises(InvalidDataError) as raised:
        await store(database, User())

    assert (raised.value.field, raised.value.sqlstate) == ("email", "23502")


async def test_a_constraint_that_is_deferred_raises_its_error_at_commit(database: Database) -> None:
    await execute(database, "CREATE TABLE tickets (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    with pytest.raises(ConflictError) as raised:
        await execute(database, "INSERT INTO tickets VALUES (1), (1)")

    assert raised.value.constraint == "tickets_number_key"


async def test_an_overlap_that_is_excluded_is_a_conflict(database: Database) -> None:
    await execute(database, "CREATE TABLE shifts (hours int4range, EXCLUDE USING gist (hours WITH &&))")

    with pytest.raises(ConflictError):
        await execute(database, "INSERT INTO shifts VALUES ('[1,5)'), ('[4,6)')")


# What cannot be stored at all


async def test_a_nul_in_a_text_is_invalid_data(database: Database) -> None:
    with pytest.raises(InvalidDataError):
        await add_user(database, "a\0da@example.org")


async def test_a_lone_surrogate_in_a_text_is_invalid_data(database: Database) -> None:
    with pytest.raises(InvalidDataError):
        await add_user(database, "a\ud800da@example.org")


UNSTORABLE = {"NUL": "a\0b", "surrogate": "\ud800", "NaN": float("nan"), "infinity": float("inf"), "huge": 10**200_000}


@pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_a_value_that_jsonb_cannot_hold_is_invalid_data(database: Database, value: object) -> None:
    owner_id = await add_user(database)

    with pytest.raises(InvalidDataError):
        await store(database, Workflow(owner_id=owner_id, name="report", settings={"value": value}))


async def test_json_that_is_nested_too_deep_is_invalid_data(database: Database) -> None:
    owner_id = await add_user(database)
    settings: dict[str, object] = {}
    for _ in range(100_000):
        settings = {"deeper": settings}

    with pytest.raises(InvalidDataError):
        await store(database, Workflow(owner_id=owner_id, name="report", settings=settings))


async def test_a_label_that_is_not_in_an_enum_is_invalid_data(database: Database) -> None:
    with pytest.raises(InvalidDataError):
        await execute(database, "SELECT 'unknown'::run_status")


async def test_a_label_that_is_not_in_the_python_enum_is_invalid_data(database: Database) -> None:
    from flowforge_schema import WorkflowRun

    workflow_id = await add_workflow(database, await add_user(database))

    with pytest.raises(InvalidDataError):
        await store(database, WorkflowRun(workflow_id=workflow_id, workflow_version=1, status="unknown"))


async def test_a_number_beyond_its_column_is_invalid_data(database: Database) -> None:
    workflow_id = await add_workflow(database, await add_user(database))
    step = WorkflowStep(workflow_id=workflow_id, key="load", name="Load", step_type="http", position=2**40)

    with pytest.raises(InvalidDataError):
        await store(database, step)


async def test_a_malformed_uuid_is_invalid_data(database: Database) -> None:
    with pytest.raises(InvalidDataError):
        async with database.session() as session:
            await session.get(User, "no-uuid")


async def test_a_value_that_is_too_large_for_an_index_is_invalid_data(database: Database) -> None:
    await execute(database, "CREATE TABLE texts (text text UNIQUE)")

    with pytest.raises(InvalidDataError) as raised:
        await execute(
            database,
            "INSERT INTO texts SELECT string_agg(md5(number::text), '') FROM generate_series(1, 1000) AS number",
        )

    assert raised.value.sqlstate == "54000"


# What SQLAlchemy raises without a word from the server


async def read_and_update(database: Database, workflow_id: UUID, *, meanwhile: str) -> None:
    async with database.session() as session:
        workflow = await session.get_one(Workflow, workflow_id)
        await execute(database, meanwhile)
        workflow.description = "changed"


async def test_a_row_that_somebody_else_has_changed_is_a_concurrent_update(database: Database) -> None:
    workflow_id = await add_workflow(database, await add_user(database))

    with pytest.raises(ConcurrentUpdateError):
        await read_and_update(database, workflow_id, meanwhile="UPDATE workflows SET lock_version = lock_version + 1")


async def test_a_row_that_somebody_else_has_deleted_is_a_concurrent_update(database: Database) -> None:
    workflow_id = await add_workflow(database, await add_user(database))

    with pytest.raises(ConcurrentUpdateError):
        await read_and_update(database, workflow_id, meanwhile="DELETE FROM workflows")


async def flush_a_stale_row(database: Database, session: AsyncSession) -> type[Exception] | None:
    user = User(email="grace@example.org")
    session.add(user)
    await session.commit()
    await execute(database, "DELETE FROM users")
    user.display_name = "Grace"
    try:
        await session.flush()
    except AppError as error:
        return type(error)
    return None


async def test_the_error_is_raised_where_it_happens_and_not_only_at_the_end_of_the_block(database: Database) -> None:
    async with database.session() as session:
        seen = await flush_a_stale_row(database, session)
        await session.rollback()

    assert seen is ConcurrentUpdateError


async def test_a_result_without_the_row_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError):
        async with database.session() as session:
            (await session.execute(select(User))).scalar_one()


async def test_get_one_without_the_row_is_not_found_already_inside_the_block(database: Database) -> None:
    async with database.session() as session:
        with pytest.raises(NotFoundError):
            await session.get_one(User, uuid4())


async def test_two_rows_where_one_is_expected_are_a_bug(database: Database) -> None:
    with pytest.raises(UnexpectedDatabaseError):
        async with database.session() as session:
            (await session.execute(text("VALUES (1), (2)"))).scalar_one()


async def go_on_after_a_failure(database: Database) -> None:
    async with database.session() as session:
        session.add(User())
        with pytest.raises(InvalidDataError):
            await session.flush()
        await session.execute(select(User))


async def test_a_session_that_is_used_after_a_failure_is_a_bug(database: Database) -> None:
    with pytest.raises(UnexpectedDatabaseError):
        await go_on_after_a_failure(database)


async def test_a_lazy_load_is_a_bug_whose_cause_says_which(database: Database) -> None:
    await add_user(database)

    with pytest.raises(UnexpectedDatabaseError) as raised:
        async with database.session() as session:
            _ = (await session.scalars(select(User))).one().api_keys

    assert "api_keys" in str(raised.value.__cause__)


async def test_a_missing_table_says_that_the_schema_does_not_fit(database: Database) -> None:
    with pytest.raises(SchemaMismatchError) as raised:
        await execute(database, "SELECT * FROM no_such_table")

    assert 'relation "no_such_table" does not exist' in str(raised.value.__cause__)


async def read_amounts(database: Database, times: int = 1) -> None:
    for _ in range(times):
        async with database.session() as session:
            await session.execute(text("SELECT amount FROM amounts"))


async def test_a_column_whose_type_was_changed_under_a_prepared_statement_is_transient(database: Database) -> None:
    await execute(database, "CREATE TABLE amounts (amount int)")
    await read_amounts(database, PREPARE_THRESHOLD + 2)
    other = Database(database.settings)
    await execute(other, "ALTER TABLE amounts ALTER amount TYPE bigint")
    await other.dispose()

    with pytest.raises(TransientError) as raised:
        await read_amounts(database)
    assert (raised.value.sqlstate, raised.value.retryable) == ("0A000", True)
    await read_amounts(database)


async def test_any_other_feature_that_is_not_supported_is_a_bug(database: Database) -> None:
    with pytest.raises(UnexpectedDatabaseError) as raised:
        await execute(database, "SELECT count(*) FROM users FOR UPDATE")

    assert (raised.value.sqlstate, raised.value.retryable) == ("0A000", False)


async def test_a_write_in_a_read_session_is_refused(database: Database) -> None:
    with pytest.raises(ReadOnlyError):
        async with database.read_session() as session:
            await session.execute(update(User).values(is_active=False))


async def test_two_writers_at_a_strict_isolation_level_are_a_serialization_failure(database: Database) -> None:
    await add_user(database)

    async with database.session() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await session.execute(select(User))
        await execute(database, "UPDATE users SET is_active = false")
        with pytest.raises(SerializationError):
            await session.execute(update(User).values(is_active=False))
        await session.rollback()


async def test_a_database_that_does_not_exist_is_unavailable(database_url: str) -> None:
    database = Database(database_url.replace("/pgharness_", "/absent_"))

    with pytest.raises(DatabaseUnavailableError):
        await execute(database, "SELECT 1")


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:9/nothing")

    with pytest.raises(DatabaseUnavailableError):
        await execute(database, "SELECT 1")


async def test_more_parameters_than_the_protocol_has_room_for_are_a_bug(database: Database) -> None:
    with pytest.raises(UnexpectedDatabaseError) as raised:
        async with database.session() as session:
            await session.execute(select(User).where(User.email.in_([str(number) for number in range(65_536)])))

    assert not raised.value.retryable


async def test_an_error_of_the_block_itself_stays_what_it_is(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.session():
            _ = 1 // 0


async def test_a_constraint_without_a_sentence_is_still_named(database: Database) -> None:
    user_id = await add_user(database)
    await execute(database, "ALTER TABLE api_keys ADD CONSTRAINT late CHECK (name <> 'x')")

    with pytest.raises(InvariantViolationError) as raised:
        await store(database, ApiKey(user_id=user_id, name="x", prefix="ff_test_1", key_hash=bytes(32)))

    assert (raised.value.constraint, raised.value.message) == ("late", InvariantViolationError.title)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (psycopg.errors.InvalidPassword(), UnavailableReason.WRONG_PASSWORD),
        (psycopg.errors.InvalidAuthorizationSpecification(), UnavailableReason.WRONG_ROLE),
        (psycopg.errors.TooManyConnections(), UnavailableReason.TOO_MANY_CONNECTIONS),
        (psycopg.errors.DiskFull(), UnavailableReason.OUT_OF_RESOURCES),
        (psycopg.errors.CannotConnectNow(), UnavailableReason.STARTING_OR_STOPPING),
        (psycopg.errors.AdminShutdown(), UnavailableReason.CONNECTION_LOST),
    ],
)
def test_a_code_of_its_own_says_more_than_its_class(error: psycopg.Error, reason: UnavailableReason) -> None:
    assert reason_of(error) is reason
