"""The story of the development data: Kiln & Clay, a small pottery with a web shop, and what it automates."""

from flowforge_schema.seed.story.events import event_rows
from flowforge_schema.seed.story.people import PASSWORD, api_key_rows, api_key_text, user_rows
from flowforge_schema.seed.story.rows import SEED_ID_PATTERN, Kind, Row, seed_id
from flowforge_schema.seed.story.runs import log_rows, run_rows
from flowforge_schema.seed.story.workflows import step_rows, workflow_rows

__all__ = [
    "PASSWORD",
    "SEED_ID_PATTERN",
    "Kind",
    "Row",
    "api_key_rows",
    "api_key_text",
    "event_rows",
    "log_rows",
    "run_rows",
    "seed_id",
    "step_rows",
    "user_rows",
    "workflow_rows",
]
