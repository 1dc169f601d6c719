"""What each constraint of the schema says to a person, and the field that it is about, by the constraint's name.

A constraint is added here in the change that adds it to a model; a test fails when one is missing or no longer there.
Limits are not repeated in the sentences: contracts refuse such values earlier and tell the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rule:
    """One constraint: the field to mark, None where several take part, and the sentence when it is broken.

    `in_use` is the other side of a foreign key: what is said when the parent is to go while rows refer to it.
    What a trigger refuses bears its name, `tr_…`.
    """

    constraint: str
    field: str | None
    message: str
    in_use: str | None = None


# Every timestamp of every table is limited to what a datetime of Python's holds.
TIMESTAMPS = MappingProxyType(
    {
        "api_keys": ("created_at", "expires_at", "last_used_at", "revoked_at", "updated_at"),
        "outbox_events": ("available_at", "created_at", "published_at", "updated_at"),
        "run_step_logs": ("created_at", "finished_at", "started_at", "updated_at"),
        "users": ("created_at", "email_verified_at", "last_login_at", "updated_at"),
        "workflow_run_claims": ("available_at", "created_at", "leased_until", "updated_at"),
        "workflow_run_keys": ("created_at", "updated_at"),
        "workflow_runs": (
            "cancel_requested_at",
            "created_at",
            "deadline_at",
            "finished_at",
            "started_at",
            "updated_at",
        ),
        "workflow_steps": ("created_at", "updated_at"),
        "workflow_versions": ("created_at", "published_at", "updated_at"),
        "workflows": ("archived_at", "created_at", "updated_at"),
    }
)

RULES = (
    Rule("ck_api_keys__hash_version_positive", "hash_version", "The hash version must be at least 1."),
    Rule("ck_api_keys__key_hash_size", "key_hash", "The hash of the key has the wrong size."),
    Rule("ck_api_keys__name_length", "name", "The name is empty or too long."),
    Rule("ck_api_keys__prefix_format", "prefix", "The prefix is not 8 to 64 letters, digits or underscores."),
    Rule("ck_api_keys__scopes_count", "scopes", "There are too many scopes."),
    Rule("ck_api_keys__scopes_no_null", "scopes", "A scope must not be null."),
    Rule("ck_api_keys__scopes_size", "scopes", "The scopes are too large together."),
    Rule("fk_api_keys__user_id__users", "user_id", "There is no such user.", "The user still has API keys."),
    Rule("pk_api_keys", "id", "An API key with this id exists already."),
    Rule("uq_api_keys__prefix", "prefix", "An API key with this prefix exists already."),
    Rule("ck_outbox_events__aggregate_type_length", "aggregate_type", "The aggregate's type is empty or too long."),
    Rule("ck_outbox_events__attempts_not_negative", "attempts", "The number of attempts must not be negative."),
    Rule("ck_outbox_events__event_type_length", "event_type", "The event's type is empty or too long."),
    Rule("ck_outbox_events__failures_not_negative", "failures", "The number of failures must not be negative."),
    Rule("ck_outbox_events__headers_is_object", "headers", "The headers must be a JSON object."),
    Rule("ck_outbox_events__headers_size", "headers", "The headers are too large."),
    Rule("ck_outbox_events__last_error_length", "last_error", "The text of the last error is too long."),
    Rule("ck_outbox_events__payload_is_object", "payload", "The payload must be a JSON object."),
    Rule("ck_outbox_events__payload_size", "payload", "The payload is too large."),
    Rule("ck_outbox_events__schema_version_positive", "schema_version", "The schema version must be at least 1."),
    Rule("pk_outbox_events", "id", "An event with this id exists already."),
    Rule("ck_run_step_logs__attempt_positive", "attempt", "The first attempt is number 1."),
    Rule("ck_run_step_logs__error_is_object", "error", "The error must be a JSON object."),
    Rule("ck_run_step_logs__error_size", "error", "The error is too large."),
    Rule(
        "ck_run_step_logs__finished_when_terminal",
        "finished_at",
        "An attempt has a finishing time exactly when it has ended.",
    ),
    Rule("ck_run_step_logs__input_is_object", "input", "The input must be a JSON object."),
    Rule("ck_run_step_logs__input_size", "input", "The input is too large."),
    Rule("ck_run_step_logs__message_length", "message", "The message is too long."),
    Rule("ck_run_step_logs__output_is_object", "output", "The output must be a JSON object."),
    Rule("ck_run_step_logs__output_size", "output", "The output is too large."),
    Rule(
        "ck_run_step_logs__started_when_begun",
        "started_at",
        "An attempt that is running, completed or failed has a starting time.",
    ),
    Rule(
        "ck_run_step_logs__step_key_format",
        "step_key",
        "The step's key is not 1 to 64 lower-case letters, digits, hyphens or underscores.",
    ),
    Rule(
        "fk_run_step_logs__run_id__workflow_runs",
        "run_id",
        "There is no such run.",
        "The run still has a record of steps.",
    ),
    Rule(
        "fk_run_step_logs__step_id__workflow_steps",
        "step_id",
        "There is no such step.",
        "Runs still have a record of the step.",
    ),
    Rule("pk_run_step_logs", None, "This attempt at the step is on record already."),
    Rule("ck_users__display_name_length", "display_name", "The display name is empty or too long."),
    Rule("ck_users__email_has_one_at", "email", "The e-mail address needs one @ with something on either side of it."),
    Rule("ck_users__email_length", "email", "The e-mail address is too short or too long."),
    Rule("ck_users__email_no_blank", "email", "The e-mail address contains a blank or an invisible character."),
    Rule("ck_users__email_normalized", "email", "The e-mail address is not composed as Unicode's NFC has it."),
    Rule("ck_users__password_hash_length", "password_hash", "The hash of the password has the wrong size."),
    Rule("pk_users", "id", "A user with this id exists already."),
    Rule("uq_users__casefold_email", "email", "A user with this e-mail address exists already."),
    Rule("ck_workflow_run_claims__attempt_positive", "attempt", "The first attempt is number 1."),
    Rule("ck_workflow_run_claims__held_by_length", "held_by", "The name of the holder is empty or too long."),
    Rule(
        "fk_workflow_run_claims__run_id__workflow_runs",
        "run_id",
        "There is no such run.",
        "Somebody still works on the run.",
    ),
    Rule("pk_workflow_run_claims", "run_id", "Somebody works on this run already."),
    Rule("ck_workflow_run_keys__key_length", "key", "The key is empty or too long."),
    Rule(
        "fk_workflow_run_keys__workflow_id__workflows",
        "workflow_id",
        "There is no such workflow.",
        "The workflow still has keys of runs.",
    ),
    Rule("pk_workflow_run_keys", "key", "A run of this workflow was started with this key already."),
    Rule("ck_workflow_runs__error_is_object", "error", "The error must be a JSON object."),
    Rule("ck_workflow_runs__error_size", "error", "The error is too large."),
    Rule(
        "ck_workflow_runs__finished_when_terminal",
        "finished_at",
        "A run has a finishing time exactly when it has ended.",
    ),
    Rule("ck_workflow_runs__input_is_object", "input", "The input must be a JSON object."),
    Rule("ck_workflow_runs__input_size", "input", "The input is too large."),
    Rule("ck_workflow_runs__output_is_object", "output", "The output must be a JSON object."),
    Rule("ck_workflow_runs__output_size", "output", "The output is too large."),
    Rule("ck_workflow_runs__retry_of_another", "retry_of", "A run cannot be a retry of itself."),
    Rule(
        "ck_workflow_runs__started_when_begun",
        "started_at",
        "A run that is running, completed or failed has a starting time.",
    ),
    Rule(
        "ck_workflow_runs__workflow_version_positive", "workflow_version", "The workflow's version must be at least 1."
    ),
    Rule(
        "fk_workflow_runs__triggered_by__users",
        "triggered_by",
        "There is no such user.",
        "Runs still name the user who started them.",
    ),
    Rule(
        "fk_workflow_runs__workflow_id__workflows",
        "workflow_id",
        "There is no such workflow.",
        "The workflow still has runs; archive it instead.",
    ),
    Rule("pk_workflow_runs", "id", "A run with this id exists already."),
    Rule("ck_workflow_steps__config_is_object", "config", "The configuration must be a JSON object."),
    Rule("ck_workflow_steps__config_size", "config", "The configuration is too large."),
    Rule("ck_workflow_steps__depends_on_count", "depends_on", "The step depends on too many others."),
    Rule("ck_workflow_steps__depends_on_no_null", "depends_on", "The key of a step must not be null."),
    Rule("ck_workflow_steps__depends_on_size", "depends_on", "The keys of the steps are too large together."),
    Rule(
        "ck_workflow_steps__key_format",
        "key",
        "The key is not 1 to 64 lower-case letters, digits, hyphens or underscores.",
    ),
    Rule("ck_workflow_steps__max_attempts_range", "max_attempts", "The number of attempts is out of range."),
    Rule("ck_workflow_steps__name_length", "name", "The name is empty or too long."),
    Rule("ck_workflow_steps__not_its_own_dependency", "depends_on", "A step cannot depend on itself."),
    Rule("ck_workflow_steps__position_not_negative", "position", "The position must not be negative."),
    Rule("ck_workflow_steps__step_type_length", "step_type", "The step's type is empty or too long."),
    Rule("ck_workflow_steps__timeout_seconds_positive", "timeout_seconds", "The timeout must be positive."),
    Rule(
        "ck_workflow_steps__workflow_version_positive", "workflow_version", "The workflow's version must be at least 1."
    ),
    Rule(
        "fk_workflow_steps__workflow_id__workflows",
        "workflow_id",
        "There is no such workflow.",
        "The workflow still has steps.",
    ),
    Rule("pk_workflow_steps", "id", "A step with this id exists already."),
    Rule(
        "uq_workflow_steps__workflow_id_workflow_version_key",
        "key",
        "This version of the workflow has a step with this key already.",
    ),
    Rule(
        "uq_workflow_steps__workflow_id_workflow_version_position",
        "position",
        "This version of the workflow has a step at this position already.",
    ),
    Rule("ck_workflow_versions__version_positive", "version", "The version must be at least 1."),
    Rule(
        "fk_workflow_versions__workflow_id__workflows",
        "workflow_id",
        "There is no such workflow.",
        "The workflow still has versions.",
    ),
    Rule("pk_workflow_versions", "version", "This version of the workflow exists already."),
    Rule(
        "fk_workflow_steps__version__workflow_versions",
        "workflow_version",
        "There is no such version of the workflow.",
        "The version still has steps.",
    ),
    Rule(
        "fk_workflow_runs__version__workflow_versions",
        "workflow_version",
        "There is no such version of the workflow.",
        "There are runs of the version.",
    ),
    # Raised by triggers, which are named as constraints are.
    Rule("tr_run_step_logs__moved_step_of_run", "step_id", "The step is not one of the version that the run is of."),
    Rule("tr_run_step_logs__step_of_run", "step_id", "The step is not one of the version that the run is of."),
    Rule("tr_workflow_runs__version_stays", None, "A run stays one of its version; start another run."),
    Rule(
        "tr_workflow_steps__published_stay",
        None,
        "The steps of a published version stay as they are; make a new version.",
    ),
    Rule("tr_workflow_versions__published_stay", None, "A published version stays published; make a new version."),
    Rule("ck_workflows__description_length", "description", "The description is too long."),
    Rule("ck_workflows__name_length", "name", "The name is empty or too long."),
    Rule("ck_workflows__settings_is_object", "settings", "The settings must be a JSON object."),
    Rule("ck_workflows__settings_size", "settings", "The settings are too large."),
    Rule("ck_workflows__version_positive", "version", "The version must be at least 1."),
    Rule(
        "fk_workflows__owner_id__users",
        "owner_id",
        "There is no such user.",
        "The user still owns workflows; deactivate the user instead.",
    ),
    Rule("pk_workflows", "id", "A workflow with this id exists already."),
    Rule("uq_workflows__owner_id_lower_name", "name", "The owner has a workflow with this name already."),
    *(
        Rule(f"ck_{table}__{column}_range", column, "The time lies outside of the years 1 to 9999.")
        for table, columns in TIMESTAMPS.items()
        for column in columns
    ),
)

RULE_BY_CONSTRAINT = MappingProxyType({rule.constraint: rule for rule in RULES})
