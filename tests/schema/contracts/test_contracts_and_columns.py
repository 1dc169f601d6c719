"""For every column with a limit: what the contract says of a value, and what an INSERT of it says."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import StringConstraints, TypeAdapter, ValidationError

from flowforge_schema import limits
from flowforge_schema.contracts.sizes import jsonb_size_bytes
from flowforge_schema.enums import RunStatus, StepStatus, TriggerType
from flowforge_schema.storable import JSON_DEPTH_MAX, NotStorableError

Overrides = dict[str, Any]
Values = st.SearchStrategy[Any]

VALUES = int(os.environ.get("FLOWFORGE_CONTRACT_VALUES", "60"))
# Always the same values, so that a change is what makes a test fail.
SETTINGS = settings(max_examples=VALUES, derandomize=True, deadline=None, database=None)

SPECIAL_CHARACTERS = st.sampled_from(
    " \t\n\r\xa0\u2003\0\x7faA0_-\\'\"{é\u0301İß٣\uff21\u200d\ufeff\uffff\U0001f600\U0010ffff\ud800\udfff"
)


def texts(longest: int, shortest: int = 1) -> Values:
    """Return texts about as long as the limits, of characters that are counted, trimmed or refused differently somewhere."""
    lengths = st.sampled_from([0, shortest - 1, shortest, shortest + 1, longest - 1, longest, longest + 1]).map(abs)
    filling = st.sampled_from(["a", " ", "é", "\U0001f600"])
    ends = st.text(SPECIAL_CHARACTERS, max_size=3)
    return st.builds(padded, lengths, filling, ends, ends)


def emails() -> Values:
    """Give addresses with something before, inside or behind, and as long as the column takes."""
    lengths = st.sampled_from([0, 50, limits.EMAIL_LENGTH_MAX - 20, limits.EMAIL_LENGTH_MAX])
    ends = st.text(SPECIAL_CHARACTERS, max_size=1)
    return st.builds(
        lambda length, before, after: f"{before}ada{after}@{'x' * min(length, 60)}{'.x' * (length // 2)}.example.org",
        lengths,
        ends,
        ends,
    )


def padded(length: int, filling: str, before: str, after: str) -> str:
    return before + filling * (length - len(before) - len(after)) + after


def patterned(pattern: str) -> Values:
    """Return texts of a pattern, and such texts with something before, after or inside."""
    matching = st.from_regex(pattern.replace("$", r"\Z"))
    odd = st.text(SPECIAL_CHARACTERS, max_size=2)
    return matching | st.builds(lambda text, more, at: text[:at] + more + text[at:], matching, odd, st.integers(0, 70))


def integers(*bounds: int) -> Values:
    every = {0, 1, limits.SMALLINT_MAX, limits.INTEGER_MAX, limits.BIGINT_MAX, 10**30, *bounds}
    near = sorted({sign * bound + step for bound in every for step in (-1, 0, 1) for sign in (1, -1)})
    return st.sampled_from(near)


def labels(enum_class: type[RunStatus | StepStatus | TriggerType]) -> Values:
    known = st.sampled_from([member.value for member in enum_class])
    return known | known.map(str.upper) | known.map(lambda label: label + " ") | st.sampled_from(["", "skipped", "\0"])


JSON_TEXTS = st.text(SPECIAL_CHARACTERS, max_size=4)
JSON_NUMBERS = (
    st.floats()
    | st.integers(-(10**308), 10**308)
    | st.builds(lambda digits, zeros: digits * 10**zeros, st.integers(-(10**6), 10**6), st.integers(0, 300))
)
JSON = st.recursive(
    st.none() | st.booleans() | JSON_TEXTS | JSON_NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JSON_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def documents(size_bytes: int) -> Values:
    """Return objects of any content, as many just below the limit as just above; and what is no object."""
    objects = st.dictionaries(JSON_TEXTS, JSON, max_size=4)
    return objects | st.builds(filled, objects, st.just(size_bytes), st.integers(-1, 2)) | JSON


def filled(document: dict[str, Any], size_bytes: int, surplus: int) -> dict[str, Any]:
    """Return the document with a text that makes it about as large as the limit."""
    key = "filling"
    try:
        room = size_bytes - jsonb_size_bytes({**document, key: ""})
    except NotStorableError:
        room = 0
    return {**document, key: "x" * (room + surplus)}


def lists(items: Values, most: int, size_bytes: int) -> Values:
    """Return lists about as long as allowed, in elements and in bytes, with and without NULL."""
    short = st.lists(items | st.none(), max_size=3)
    counts = st.integers(most - 2, most + 1)
    repeated = st.builds(lambda item, count: [item] * count, items, counts)
    large = st.builds(lambda few, surplus: [*few, "x" * (size_bytes - 40 + surplus)], short, st.integers(-20, 20))
    return short | repeated | large


def zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels - 1):
        document = {"a": document}
    return document


MOMENTS = st.datetimes(
    datetime(2, 1, 2),  # noqa: DTZ001 - hypothesis wants bounds without a zone, and adds one
    datetime(9998, 12, 30),  # noqa: DTZ001 - the same
    timezones=st.integers(-15 * 60, 15 * 60).map(zone),
)


# In UTC or in another zone, the outer ones lie outside the years that Python has.
EXTREMES = st.builds(
    lambda year, day, minutes: datetime(year, day[0], day[1], tzinfo=zone(minutes)),
    st.sampled_from([1, 2, 9998, 9999]),
    st.sampled_from([(1, 1), (12, 31)]),
    st.sampled_from([-1439, -960, 0, 960, 1439]),
)


def states(enum_class: type[RunStatus | StepStatus]) -> st.SearchStrategy[Overrides]:
    """Return every combination of a status and its clocks."""
    moments = st.just(datetime(2026, 1, 1, tzinfo=UTC)) | st.none()
    return st.fixed_dictionaries(
        {"status": st.sampled_from(list(enum_class)), "started_at": moments, "finished_at": moments}
    )


def column(name: str, values: Values) -> tuple[str, st.SearchStrategy[Overrides]]:
    return name, st.fixed_dictionaries({name: values | st.none()})


SHORT_TEXTS = st.text(SPECIAL_CHARACTERS, max_size=5)
COLUMNS = {
    "users": [
        column("display_name", texts(limits.DISPLAY_NAME_LENGTH_MAX)),
        column("password_hash", texts(limits.PASSWORD_HASH_LENGTH_MAX)),
        column("email_verified_at", MOMENTS),
        column("last_login_at", MOMENTS),
        column("is_active", st.booleans()),
        column("is_superuser", st.booleans()),
    ],
    "api_keys": [
        column("name", texts(limits.API_KEY_NAME_LENGTH_MAX)),
        column("prefix", patterned(limits.API_KEY_PREFIX_PATTERN)),
        column("key_hash", st.binary(min_size=31, max_size=33) | st.just(b"")),
        column("hash_version", integers()),
        column("scopes", lists(SHORT_TEXTS, limits.API_KEY_SCOPES_MAX, limits.API_KEY_SCOPES_SIZE_BYTES_MAX)),
        column("expires_at", MOMENTS),
        column("last_used_at", MOMENTS),
        column("revoked_at", MOMENTS),
    ],
    "workflows": [
        column("name", texts(limits.WORKFLOW_NAME_LENGTH_MAX)),
        column("description", texts(limits.WORKFLOW_DESCRIPTION_LENGTH_MAX, 0)),
        column("is_enabled", st.booleans()),
        column("version", integers()),
        column("settings", documents(limits.WORKFLOW_SETTINGS_SIZE_BYTES_MAX)),
        column("archived_at", MOMENTS),
    ],
    "workflow_versions": [
        column("version", integers().filter(lambda version: version not in {1, 7})),  # these are there
        column("published_at", MOMENTS),
    ],
    "workflow_steps": [
        column("workflow_version", integers()),
        column("key", patterned(limits.STEP_KEY_PATTERN)),
        column("name", texts(limits.STEP_NAME_LENGTH_MAX)),
        column("step_type", texts(limits.STEP_TYPE_LENGTH_MAX)),
        column("position", integers().filter(bool)),  # 0 is the other step's
        column("config", documents(limits.STEP_CONFIG_SIZE_BYTES_MAX)),
        column("max_attempts", integers(limits.STEP_MAX_ATTEMPTS_MAX)),
        column("timeout_seconds", integers()),
    ],
    "workflow_runs": [
        # Whether there is a version of a possible number is the foreign key's matter.
        column("workflow_version", integers().filter(lambda version: not 1 < version <= limits.INTEGER_MAX)),
        column("status", labels(RunStatus)),
        column("trigger_type", labels(TriggerType)),
        column("input", documents(limits.RUN_INPUT_SIZE_BYTES_MAX)),
        column("output", documents(limits.RUN_OUTPUT_SIZE_BYTES_MAX)),
        column("error", documents(limits.RUN_ERROR_SIZE_BYTES_MAX)),
        column("cancel_requested_at", MOMENTS),
        column("deadline_at", MOMENTS),
        ("state", states(RunStatus)),
    ],
    "workflow_run_keys": [column("key", texts(limits.RUN_KEY_LENGTH_MAX))],
    "workflow_run_claims": [
        column("attempt", integers()),
        column("held_by", texts(limits.RUN_HELD_BY_LENGTH_MAX)),
        column("leased_until", MOMENTS),
        column("available_at", MOMENTS),
    ],
    "run_step_logs": [
        column("step_key", patterned(limits.STEP_KEY_PATTERN)),
        column("attempt", integers()),
        column("status", labels(StepStatus)),
        column("input", documents(limits.RUN_INPUT_SIZE_BYTES_MAX)),
        column("output", documents(limits.RUN_OUTPUT_SIZE_BYTES_MAX)),
        column("error", documents(limits.RUN_ERROR_SIZE_BYTES_MAX)),
        column("message", texts(limits.LOG_MESSAGE_LENGTH_MAX, 0)),
        ("state", states(StepStatus)),
    ],
    "outbox_events": [
        column("aggregate_type", texts(limits.EVENT_AGGREGATE_TYPE_LENGTH_MAX)),
        column("event_type", texts(limits.EVENT_TYPE_LENGTH_MAX)),
        column("schema_version", integers()),
        column("payload", documents(limits.EVENT_PAYLOAD_SIZE_BYTES_MAX)),
        column("headers", documents(limits.EVENT_HEADERS_SIZE_BYTES_MAX)),
        column("attempts", integers()),
        column("failures", integers()),
        column("available_at", MOMENTS),
        column("last_error", texts(limits.EVENT_LAST_ERROR_LENGTH_MAX, 0)),
        column("published_at", MOMENTS),
    ],
}
# Where a contract refuses more than the database does, and says why; what it takes, the database takes all the same.
STRICTER = {
    "users": [column("email", emails())],
    "workflow_steps": [
        column("depends_on", lists(st.from_regex(r"[a-z0-9_-]{1,64}\Z"), limits.STEP_DEPENDS_ON_MAX, 100)),
    ],
    "workflows": [
        column("archived_at", EXTREMES | st.datetimes()),
        column("settings", st.integers(JSON_DEPTH_MAX - 3, JSON_DEPTH_MAX + 3).map(nested)),
        column("settings", st.integers(300, 400).map(lambda digits: {"a": 10**digits})),
    ],
}
# References are the foreign keys' matter, and any UUID can be stored.
NOT_TRIED = {
    "user_id",
    "owner_id",
    "workflow_id",
    "run_id",
    "step_id",
    "triggered_by",
    "retry_of",
    "aggregate_id",
    "event_id",
}


def cases(columns: dict[str, list[tuple[str, st.SearchStrategy[Overrides]]]]) -> list[Any]:
    return [
        pytest.param(table, values, id=f"{table}-{name}") for table, tried in columns.items() for name, values in tried
    ]


@pytest.mark.parametrize(("name", "overrides"), cases(COLUMNS))
def test_a_contract_takes_exactly_what_the_database_takes_and_gives_back(
    rows: Any, tables: Any, name: str, overrides: st.SearchStrategy[Overrides]
) -> None:
    table = tables[name]

    @SETTINGS
    @given(overrides)
    def verdicts_agree(changed: Overrides) -> None:
        values = {**table.smallest, **changed}
        wanted = contract_values(table, values)
        stored = rows.stored(table, values if wanted is None else wanted)

        assert comparable(wanted) == comparable(stored and {column: stored[column] for column in wanted or stored})

    verdicts_agree()


@pytest.mark.parametrize(("name", "overrides"), cases(STRICTER))
def test_where_a_contract_is_stricter_the_database_takes_and_gives_back_what_it_takes(
    rows: Any, tables: Any, name: str, overrides: st.SearchStrategy[Overrides]
) -> None:
    table = tables[name]
    verdicts = set()

    @SETTINGS
    @given(overrides)
    def database_agrees(changed: Overrides) -> None:
        wanted = contract_values(table, {**table.smallest, **changed})
        verdicts.add(wanted is not None)
        stored = wanted and rows.stored(table, wanted)

        assert comparable(wanted) == comparable(stored and {column: stored[column] for column in wanted or ()})

    database_agrees()
    assert verdicts == {True, False}


def test_a_moment_has_an_offset_that_postgresql_reads_from_text_too(rows: Any, tables: Any) -> None:
    user = tables["users"].create(email="ada@example.org", last_login_at="2026-01-01T00:00:00+23:59")
    moment = user.last_login_at

    assert rows.connection.execute("SELECT %t::timestamptz", [moment]).fetchone() == (moment,)


def test_every_column_that_can_be_given_is_tried(table: Any) -> None:
    tried = {name for name, _ in [*COLUMNS[table.name], *STRICTER.get(table.name, ())]}
    parts_of_a_state = {"started_at", "finished_at"} if "state" in tried else set()

    assert (tried - {"state"}) | parts_of_a_state == set(table.create.model_fields) - NOT_TRIED


@pytest.mark.parametrize("pattern", [limits.API_KEY_PREFIX_PATTERN, limits.STEP_KEY_PATTERN])
def test_a_pattern_holds_the_same_characters_for_pydantic_and_for_postgresql(rows: Any, pattern: str) -> None:
    taken_by_postgresql = rows.connection.execute(
        "SELECT array_agg(chr(place)) FROM generate_series(1, 131071) AS place"
        " WHERE place NOT BETWEEN 55296 AND 57343 AND repeat(chr(place), 8) ~ %s",
        [pattern],
    ).fetchone()[0]
    adapter = TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])

    assert [chr(place) for place in range(131072) if is_valid(adapter, chr(place) * 8)] == taken_by_postgresql


def is_valid(adapter: TypeAdapter[str], value: str) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def contract_values(table: Any, values: Overrides) -> Overrides | None:
    """Return what the contract makes of values, None where it refuses them."""
    try:
        given: Overrides = table.create(**values).column_values()
    except ValidationError:
        return None
    return given


def comparable(value: Any) -> Any:
    """Take numbers for doubles: 1e16 comes back as an integer, and digits beyond a double's are not ours to judge."""
    match value:
        case dict():
            return {key: comparable(element) for key, element in value.items()}
        case list():
            return [comparable(element) for element in value]
        case int():
            return float(value)
    return value
