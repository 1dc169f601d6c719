"""The types of fields: each takes what its column takes, in one spelling, with the numbers from `limits`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import EMAIL_MAX_LENGTH
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    Secret,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypeAliasType

from flowforge_schema import limits
from flowforge_schema.contracts.sizes import jsonb_size_bytes, text_array_size_bytes
from flowforge_schema.storable import NotStorableError

# Every text: PostgreSQL has no NUL character. Lone surrogates, which no pattern can name, pydantic refuses by itself.
TEXT_PATTERN = r"^[^\x00]*$"
UUID_PATTERN = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
HASH_PATTERN = f"^[0-9a-f]{{{2 * limits.API_KEY_HASH_SIZE_BYTES}}}$"
# RFC 3339 with an offset. The first and the last year of Python are left out: in another time zone such a moment may lie
# outside the years 1 to 9999, and could not be read back.
TIMESTAMP_YEARS = range(2, 9999)
TIMESTAMP_PATTERN = (
    r"^(?!000[01]|9999)[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)

SECRET: dict[str, JsonValue] = {"format": "password", "writeOnly": True}


def text(longest: int, *, shortest: int = 1, pattern: str = TEXT_PATTERN) -> StringConstraints:
    """Limit a text in code points, as `char_length` counts, and by a pattern, whose `$` is the very end."""
    return StringConstraints(strict=True, min_length=shortest, max_length=longest, pattern=pattern)


def spelled(kind: type, pattern: str, what: str) -> BeforeValidator:
    """Take a value of the type or a text of this one spelling; pydantic alone would take numbers and other spellings too."""

    def check(value: Any) -> Any:
        if isinstance(value, kind) or (isinstance(value, str) and re.fullmatch(pattern, value)):
            return value
        raise PydanticCustomError("spelling", "Input should be {what}", {"what": what})

    return BeforeValidator(check)


def number(value: Any) -> Any:
    """Refuse `"1"` and `true`, which pydantic would take for 1. The number 1.0 is an integer in JSON."""
    if isinstance(value, str | bytes | bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


def in_utc(value: datetime) -> datetime:
    """Return the moment in UTC: RFC 3339 has offsets up to 23:59, and from text PostgreSQL reads none of 16 hours or more."""
    if value.year not in TIMESTAMP_YEARS:
        raise PydanticCustomError("timestamp_range", "Input should be in the years 2 to 9998")
    return value.astimezone(UTC)


def email_address(value: str) -> str:
    """Return an address in one spelling: composed (NFC), and the domain in lower case and without Punycode. No DNS is asked."""
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:
        # Its reason may quote what was sent.
        raise PydanticCustomError("email", "Input should be an e-mail address such as ada@example.org") from None


def hash_bytes(value: Any) -> Any:
    """Take bytes, or a text of two hexadecimal digits for each."""
    if isinstance(value, str) and re.fullmatch(HASH_PATTERN, value):
        return bytes.fromhex(value)
    if isinstance(value, bytes) and len(value) == limits.API_KEY_HASH_SIZE_BYTES:
        return value
    raise PydanticCustomError("hash_spelling", "Input should be a hash in lower-case hexadecimal digits")


def fits(size_bytes: int, measure: Callable[[Any], int]) -> Callable[[Any], Any]:
    """Refuse what takes more bytes, or cannot be stored."""

    def check(value: Any) -> Any:
        try:
            seen = measure(value)
        except NotStorableError as error:
            raise PydanticCustomError("not_storable", "Input cannot be stored: {why}", {"why": str(error)}) from None
        if seen > size_bytes:
            raise PydanticCustomError(
                "too_large", "Input takes {seen} bytes of at most {most}", {"seen": seen, "most": size_bytes}
            )
        return value

    return check


def closed(schema: JsonSchemaValue) -> None:
    """Say of all keys of an object that they match the pattern; pydantic's own wording leaves the others free."""
    ((pattern, element),) = schema.pop("patternProperties").items()
    schema.update({"propertyNames": {"pattern": pattern}, "additionalProperties": element})


Text = Annotated[str, StringConstraints(pattern=TEXT_PATTERN)]
# What is inside an object. This only describes it: `fits` looks at the whole document in one pass.
Json = TypeAliasType("Json", "bool | float | Text | list[Json] | JsonObject | None")
JsonObject = Annotated[dict[Text, Json], Field(json_schema_extra=closed)]


@dataclass(frozen=True)
class Jsonb:
    """Marks a dict as a jsonb object of a limited size."""

    size_bytes: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Judge the whole document at once."""
        return core_schema.no_info_after_validator_function(fits(self.size_bytes, jsonb_size_bytes), handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe it as an object of JSON values, all texts without NUL."""
        return handler(TypeAdapter(JsonObject).core_schema)


Id = Annotated[
    UUID, spelled(UUID, UUID_PATTERN, "a UUID of 36 characters"), Field(json_schema_extra={"pattern": UUID_PATTERN})
]
Timestamp = Annotated[
    AwareDatetime,
    spelled(datetime, TIMESTAMP_PATTERN, "a timestamp of RFC 3339 with an offset, in the years 2 to 9998"),
    AfterValidator(in_utc),
    Field(json_schema_extra={"pattern": TIMESTAMP_PATTERN}),
]
PositiveSmallint = Annotated[int, Field(ge=1, le=limits.SMALLINT_MAX), BeforeValidator(number)]
Count = Annotated[int, Field(ge=0, le=limits.SMALLINT_MAX), BeforeValidator(number)]
PositiveInteger = Annotated[int, Field(ge=1, le=limits.INTEGER_MAX), BeforeValidator(number)]
Position = Annotated[int, Field(ge=0, le=limits.INTEGER_MAX), BeforeValidator(number)]

Email = Annotated[
    str,
    StringConstraints(strict=True, min_length=limits.EMAIL_LENGTH_MIN, max_length=EMAIL_MAX_LENGTH),
    AfterValidator(email_address),
    Field(json_schema_extra={"format": "idn-email"}),
]
DisplayName = Annotated[str, text(limits.DISPLAY_NAME_LENGTH_MAX)]
PasswordHash = Annotated[Secret[Annotated[str, text(limits.PASSWORD_HASH_LENGTH_MAX)]], Field(json_schema_extra=SECRET)]

ApiKeyName = Annotated[str, text(limits.API_KEY_NAME_LENGTH_MAX)]
ApiKeyPrefix = Annotated[str, StringConstraints(strict=True, pattern=limits.API_KEY_PREFIX_PATTERN)]
ApiKeyHash = Annotated[
    Secret[bytes],
    BeforeValidator(hash_bytes),
    WithJsonSchema({"type": "string", "pattern": HASH_PATTERN, **SECRET}),
]
Scopes = Annotated[
    list[Text],
    Field(strict=True, max_length=limits.API_KEY_SCOPES_MAX),
    AfterValidator(fits(limits.API_KEY_SCOPES_SIZE_BYTES_MAX, text_array_size_bytes)),
]

WorkflowName = Annotated[str, text(limits.WORKFLOW_NAME_LENGTH_MAX)]
WorkflowDescription = Annotated[str, text(limits.WORKFLOW_DESCRIPTION_LENGTH_MAX, shortest=0)]
WorkflowSettings = Annotated[dict[str, Any], Jsonb(limits.WORKFLOW_SETTINGS_SIZE_BYTES_MAX)]

StepKey = Annotated[str, StringConstraints(strict=True, pattern=limits.STEP_KEY_PATTERN)]
StepName = Annotated[str, text(limits.STEP_NAME_LENGTH_MAX)]
StepType = Annotated[str, text(limits.STEP_TYPE_LENGTH_MAX)]
# Nothing but keys can be depended on, so the column's limit in bytes is never reached.
DependsOn = Annotated[list[StepKey], Field(strict=True, max_length=limits.STEP_DEPENDS_ON_MAX)]
StepConfig = Annotated[dict[str, Any], Jsonb(limits.STEP_CONFIG_SIZE_BYTES_MAX)]
MaxAttempts = Annotated[int, Field(ge=1, le=limits.STEP_MAX_ATTEMPTS_MAX), BeforeValidator(number)]

RunInput = Annotated[dict[str, Any], Jsonb(limits.RUN_INPUT_SIZE_BYTES_MAX)]
RunOutput = Annotated[dict[str, Any], Jsonb(limits.RUN_OUTPUT_SIZE_BYTES_MAX)]
RunError = Annotated[dict[str, Any], Jsonb(limits.RUN_ERROR_SIZE_BYTES_MAX)]
RunKey = Annotated[str, text(limits.RUN_KEY_LENGTH_MAX)]
RunHolder = Annotated[str, text(limits.RUN_HELD_BY_LENGTH_MAX)]
LogMessage = Annotated[str, text(limits.LOG_MESSAGE_LENGTH_MAX, shortest=0)]

AggregateType = Annotated[str, text(limits.EVENT_AGGREGATE_TYPE_LENGTH_MAX)]
EventType = Annotated[str, text(limits.EVENT_TYPE_LENGTH_MAX)]
EventPayload = Annotated[dict[str, Any], Jsonb(limits.EVENT_PAYLOAD_SIZE_BYTES_MAX)]
EventHeaders = Annotated[dict[str, Any], Jsonb(limits.EVENT_HEADERS_SIZE_BYTES_MAX)]
LastError = Annotated[str, text(limits.EVENT_LAST_ERROR_LENGTH_MAX, shortest=0)]

# Keys in a path, where a number is written as text.
VersionInPath = Annotated[int, Field(ge=1, le=limits.INTEGER_MAX)]
AttemptInPath = Annotated[int, Field(ge=1, le=limits.SMALLINT_MAX)]
EventIdInPath = Annotated[int, Field(ge=1, le=limits.BIGINT_MAX)]
