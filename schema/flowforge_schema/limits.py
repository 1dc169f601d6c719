"""The numbers and patterns that columns enforce, named once so that contracts refuse exactly what the database refuses.

Lengths are in characters as `char_length` counts them; sizes are in bytes as `pg_column_size` counts a jsonb value that
has just been parsed. The latter is not the length of the JSON text: a number takes at least 12 bytes in an array.
A revision repeats the numbers that held when it was written and never imports them from here.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024

EMAIL_LENGTH_MIN: Final = 3
EMAIL_LENGTH_MAX: Final = 320
EMAIL_PATTERN: Final = "^[^@]+@[^@]+$"
# Control characters, blanks, and characters that show nothing or turn the direction of the text.
EMAIL_BLANK_PATTERN: Final = (
    r"[\u0001-\u0020\u007F-\u00A0\u00AD\u061C\u1680\u180E"
    r"\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF\uFFF9-\uFFFB]"
)
DISPLAY_NAME_LENGTH_MAX: Final = 200
PASSWORD_HASH_LENGTH_MAX: Final = 512

API_KEY_NAME_LENGTH_MAX: Final = 100
API_KEY_PREFIX_PATTERN: Final = "^[A-Za-z0-9_]{8,64}$"
API_KEY_HASH_SIZE_BYTES: Final = 32
API_KEY_SCOPES_MAX: Final = 100
API_KEY_SCOPES_SIZE_BYTES_MAX: Final = 16 * KIB

WORKFLOW_NAME_LENGTH_MAX: Final = 200
WORKFLOW_DESCRIPTION_LENGTH_MAX: Final = 10_000
WORKFLOW_SETTINGS_SIZE_BYTES_MAX: Final = 64 * KIB

STEP_KEY_PATTERN: Final = "^[a-z0-9_-]{1,64}$"
STEP_KEY_LENGTH_MAX: Final = 64
STEP_NAME_LENGTH_MAX: Final = 200
STEP_TYPE_LENGTH_MAX: Final = 100
STEP_DEPENDS_ON_MAX: Final = 100
STEP_DEPENDS_ON_SIZE_BYTES_MAX: Final = 16 * KIB
STEP_CONFIG_SIZE_BYTES_MAX: Final = 256 * KIB
STEP_MAX_ATTEMPTS_MAX: Final = 100

RUN_INPUT_SIZE_BYTES_MAX: Final = 1024 * KIB
RUN_OUTPUT_SIZE_BYTES_MAX: Final = 1024 * KIB
RUN_ERROR_SIZE_BYTES_MAX: Final = 64 * KIB
RUN_HELD_BY_LENGTH_MAX: Final = 200
RUN_KEY_LENGTH_MAX: Final = 200
LOG_MESSAGE_LENGTH_MAX: Final = 64 * KIB

EVENT_AGGREGATE_TYPE_LENGTH_MAX: Final = 100
EVENT_TYPE_LENGTH_MAX: Final = 200
EVENT_PAYLOAD_SIZE_BYTES_MAX: Final = 256 * KIB
EVENT_HEADERS_SIZE_BYTES_MAX: Final = 16 * KIB
EVENT_LAST_ERROR_LENGTH_MAX: Final = 10_000

SMALLINT_MAX: Final = 2**15 - 1
INTEGER_MAX: Final = 2**31 - 1
BIGINT_MAX: Final = 2**63 - 1
