-- The query patterns of FlowForge with example values, and the index that each expects; generated:
--     python -m flowforge_schema.queries > schema/statements.sql

-- name: user_by_email
-- Return the user with this address in any case; to check a password, add `.options(undefer(User.password_hash))`.
-- index: uq_users__casefold_email
SELECT users.id, users.email, users.display_name, users.is_active, users.is_superuser, users.email_verified_at, users.last_login_at, users.created_at, users.updated_at
FROM users
WHERE casefold(users.email COLLATE pg_unicode_fast) = casefold(normalize('ada@example.org') COLLATE pg_unicode_fast);

-- name: api_key_by_prefix
-- Return the key with this public prefix and its user, loaded with it; revoked and expired keys too, to say why not.
-- index: uq_api_keys__prefix
-- index: pk_users
SELECT users.id, users.email, users.display_name, users.is_active, users.is_superuser, users.email_verified_at, users.last_login_at, users.created_at, users.updated_at, api_keys.id AS id_1, api_keys.user_id, api_keys.name, api_keys.prefix, api_keys.key_hash, api_keys.hash_version, api_keys.scopes, api_keys.expires_at, api_keys.last_used_at, api_keys.revoked_at, api_keys.created_at AS created_at_1, api_keys.updated_at AS updated_at_1
FROM api_keys JOIN users ON users.id = api_keys.user_id
WHERE api_keys.prefix = 'ff_live_example';

-- name: usable_api_key
-- Return the key with this prefix, with its user, where it is not revoked, has not expired and the user is active.
-- index: uq_api_keys__prefix
-- index: pk_users
SELECT users.id, users.email, users.display_name, users.is_active, users.is_superuser, users.email_verified_at, users.last_login_at, users.created_at, users.updated_at, api_keys.id AS id_1, api_keys.user_id, api_keys.name, api_keys.prefix, api_keys.key_hash, api_keys.hash_version, api_keys.scopes, api_keys.expires_at, api_keys.last_used_at, api_keys.revoked_at, api_keys.created_at AS created_at_1, api_keys.updated_at AS updated_at_1
FROM api_keys JOIN users ON users.id = api_keys.user_id
WHERE api_keys.prefix = 'ff_live_example' AND api_keys.revoked_at IS NULL AND (api_keys.expires_at IS NULL OR api_keys.expires_at > now()) AND users.is_active;

-- name: touch_api_key
-- Note that a key was used, at most once per interval; return its id where that was written.
-- index: pk_api_keys
WITH touched AS
(UPDATE api_keys SET last_used_at=now() WHERE api_keys.id = (SELECT api_keys.id
FROM api_keys
WHERE api_keys.id = '019b76da-a800-7000-8000-000000000001' AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < now() - CAST(make_interval(secs=>60.0) AS INTERVAL)) FOR NO KEY UPDATE SKIP LOCKED) RETURNING api_keys.id)
 SELECT touched.id
FROM touched;

-- name: api_keys_of_user
-- Return all keys of a user, newest first; a person has a handful, so they come without pages.
-- index: ix_api_keys__user_id
SELECT api_keys.id, api_keys.user_id, api_keys.name, api_keys.prefix, api_keys.key_hash, api_keys.hash_version, api_keys.scopes, api_keys.expires_at, api_keys.last_used_at, api_keys.revoked_at, api_keys.created_at, api_keys.updated_at
FROM api_keys
WHERE api_keys.user_id = '019b76da-a800-7000-8000-000000000001' ORDER BY api_keys.created_at DESC, api_keys.id DESC;

-- name: workflows_of_owner
-- Return an owner's workflows, newest first, archived ones too: a page must not have to read past what it leaves out.
-- index: ix_workflows__owner_id_created_at_id
SELECT workflows.id, workflows.owner_id, workflows.name, workflows.description, workflows.is_enabled, workflows.version, workflows.archived_at, workflows.lock_version, workflows.created_at, workflows.updated_at
FROM workflows
WHERE workflows.owner_id = '019b76da-a800-7000-8000-000000000001' ORDER BY workflows.created_at DESC, workflows.id DESC
 LIMIT 50;

-- name: workflows_of_owner_deep_page
-- Return an owner's workflows, newest first, archived ones too: a page must not have to read past what it leaves out.
-- index: ix_workflows__owner_id_created_at_id
SELECT workflows.id, workflows.owner_id, workflows.name, workflows.description, workflows.is_enabled, workflows.version, workflows.archived_at, workflows.lock_version, workflows.created_at, workflows.updated_at
FROM workflows
WHERE workflows.owner_id = '019b76da-a800-7000-8000-000000000001' AND (workflows.created_at, workflows.id) < ('2026-01-01 00:00:00+00:00', '019b76da-a800-7000-8000-000000000001') ORDER BY workflows.created_at DESC, workflows.id DESC
 LIMIT 50;

-- name: workflow_by_name
-- Return the owner's workflow of this name, in any case, that is not archived.
-- index: uq_workflows__owner_id_lower_name
SELECT workflows.id, workflows.owner_id, workflows.name, workflows.description, workflows.is_enabled, workflows.version, workflows.settings, workflows.archived_at, workflows.lock_version, workflows.created_at, workflows.updated_at
FROM workflows
WHERE workflows.owner_id = '019b76da-a800-7000-8000-000000000001' AND lower(workflows.name) = lower('Nightly import') AND workflows.archived_at IS NULL;

-- name: steps_of_version
-- Return the steps of one version of a workflow in their order.
-- index: uq_workflow_steps__workflow_id_workflow_version_position
SELECT workflow_steps.id, workflow_steps.workflow_id, workflow_steps.workflow_version, workflow_steps.key, workflow_steps.name, workflow_steps.step_type, workflow_steps.position, workflow_steps.depends_on, workflow_steps.config, workflow_steps.max_attempts, workflow_steps.timeout_seconds, workflow_steps.created_at, workflow_steps.updated_at
FROM workflow_steps
WHERE workflow_steps.workflow_id = '019b76da-a800-7000-8000-000000000001' AND workflow_steps.workflow_version = 1 ORDER BY workflow_steps.position;

-- name: runs_of_workflow
-- Return a workflow's runs, newest first.
-- index: ix_workflow_runs__workflow_id_created_at_id
SELECT workflow_runs.id, workflow_runs.workflow_id, workflow_runs.workflow_version, workflow_runs.status, workflow_runs.trigger_type, workflow_runs.triggered_by, workflow_runs.started_at, workflow_runs.finished_at, workflow_runs.cancel_requested_at, workflow_runs.lock_version, workflow_runs.created_at, workflow_runs.updated_at, workflow_runs.deadline_at, workflow_runs.retry_of
FROM workflow_runs
WHERE workflow_runs.workflow_id = '019b76da-a800-7000-8000-000000000001' ORDER BY workflow_runs.created_at DESC, workflow_runs.id DESC
 LIMIT 50;

-- name: runs_of_workflow_deep_page
-- Return a workflow's runs, newest first.
-- index: ix_workflow_runs__workflow_id_created_at_id
SELECT workflow_runs.id, workflow_runs.workflow_id, workflow_runs.workflow_version, workflow_runs.status, workflow_runs.trigger_type, workflow_runs.triggered_by, workflow_runs.started_at, workflow_runs.finished_at, workflow_runs.cancel_requested_at, workflow_runs.lock_version, workflow_runs.created_at, workflow_runs.updated_at, workflow_runs.deadline_at, workflow_runs.retry_of
FROM workflow_runs
WHERE workflow_runs.workflow_id = '019b76da-a800-7000-8000-000000000001' AND (workflow_runs.created_at, workflow_runs.id) < ('2026-01-01 00:00:00+00:00', '019b76da-a800-7000-8000-000000000001') ORDER BY workflow_runs.created_at DESC, workflow_runs.id DESC
 LIMIT 50;

-- name: pending_runs
-- Return the runs that wait (pending) or work (running), oldest first.
-- index: ix_workflow_runs__status_created_at_id_unfinished
SELECT workflow_runs.id, workflow_runs.workflow_id, workflow_runs.workflow_version, workflow_runs.status, workflow_runs.trigger_type, workflow_runs.triggered_by, workflow_runs.started_at, workflow_runs.finished_at, workflow_runs.cancel_requested_at, workflow_runs.lock_version, workflow_runs.created_at, workflow_runs.updated_at, workflow_runs.deadline_at, workflow_runs.retry_of
FROM workflow_runs
WHERE workflow_runs.status = 'pending' ORDER BY workflow_runs.created_at, workflow_runs.id
 LIMIT 50;

-- name: running_runs_after
-- Return the runs that wait (pending) or work (running), oldest first.
-- index: ix_workflow_runs__status_created_at_id_unfinished
SELECT workflow_runs.id, workflow_runs.workflow_id, workflow_runs.workflow_version, workflow_runs.status, workflow_runs.trigger_type, workflow_runs.triggered_by, workflow_runs.started_at, workflow_runs.finished_at, workflow_runs.cancel_requested_at, workflow_runs.lock_version, workflow_runs.created_at, workflow_runs.updated_at, workflow_runs.deadline_at, workflow_runs.retry_of
FROM workflow_runs
WHERE workflow_runs.status = 'running' AND (workflow_runs.created_at, workflow_runs.id) > ('2026-01-01 00:00:00+00:00', '019b76da-a800-7000-8000-000000000001') ORDER BY workflow_runs.created_at, workflow_runs.id
 LIMIT 50;

-- name: stuck_runs
-- Return the runs that have been running since before a moment, oldest first.
-- index: ix_workflow_runs__status_created_at_id_unfinished
SELECT workflow_runs.id, workflow_runs.workflow_id, workflow_runs.workflow_version, workflow_runs.status, workflow_runs.trigger_type, workflow_runs.triggered_by, workflow_runs.started_at, workflow_runs.finished_at, workflow_runs.cancel_requested_at, workflow_runs.lock_version, workflow_runs.created_at, workflow_runs.updated_at, workflow_runs.deadline_at, workflow_runs.retry_of
FROM workflow_runs
WHERE workflow_runs.status = 'running' AND workflow_runs.created_at < '2026-01-01 00:00:00+00:00' AND workflow_runs.started_at < '2026-01-01 00:00:00+00:00' ORDER BY workflow_runs.created_at, workflow_runs.id
 LIMIT 50;

-- name: waiting_runs
-- Return the ids of the runs that nobody has begun, oldest first; what was created before `created_from` is left out.
-- index: ix_workflow_runs__status_created_at_id_unfinished
SELECT workflow_runs.id
FROM workflow_runs
WHERE workflow_runs.status = 'pending' AND workflow_runs.created_at >= '2026-01-01 00:00:00+00:00' AND (workflow_runs.deadline_at IS NULL OR workflow_runs.deadline_at > statement_timestamp()) ORDER BY workflow_runs.created_at, workflow_runs.id
 LIMIT 8;

-- name: due_claims
-- Return run and attempt of claims that have run out: the worker was lost, or the run is to be tried again.
-- index: ix_workflow_run_claims__available_at_run_id
SELECT workflow_run_claims.run_id, workflow_run_claims.attempt
FROM workflow_run_claims
WHERE workflow_run_claims.available_at >= '2026-01-01 00:00:00+00:00' AND workflow_run_claims.available_at <= statement_timestamp() AND workflow_run_claims.leased_until <= statement_timestamp() ORDER BY workflow_run_claims.available_at, workflow_run_claims.run_id
 LIMIT 8;

-- name: overdue_runs
-- Return id and status of runs that are past their deadline and not over, those first that have been for longest.
-- index: ix_workflow_runs__deadline_at_id_unfinished
SELECT workflow_runs.id, workflow_runs.status
FROM workflow_runs
WHERE workflow_runs.status IN ('pending', 'running') AND workflow_runs.deadline_at >= '2026-01-01 00:00:00+00:00' AND workflow_runs.deadline_at <= statement_timestamp() ORDER BY workflow_runs.deadline_at, workflow_runs.id
 LIMIT 8;

-- name: run_with_step_logs
-- Return one run, and by a second statement of the shape of `step_logs_of_run` its whole record.
-- index: pk_workflow_runs
SELECT workflow_runs.id, workflow_runs.workflow_id, workflow_runs.workflow_version, workflow_runs.status, workflow_runs.trigger_type, workflow_runs.triggered_by, workflow_runs.input, workflow_runs.output, workflow_runs.error, workflow_runs.started_at, workflow_runs.finished_at, workflow_runs.cancel_requested_at, workflow_runs.lock_version, workflow_runs.created_at, workflow_runs.updated_at, workflow_runs.deadline_at, workflow_runs.retry_of
FROM workflow_runs
WHERE workflow_runs.id = '019b76da-a800-7000-8000-000000000001';

-- name: step_logs_of_run
-- Return every attempt at every step of a run, in the order in which they were made.
-- index: pk_run_step_logs
SELECT run_step_logs.run_id, run_step_logs.step_id, run_step_logs.step_key, run_step_logs.attempt, run_step_logs.status, run_step_logs.input, run_step_logs.output, run_step_logs.error, run_step_logs.message, run_step_logs.started_at, run_step_logs.finished_at, run_step_logs.created_at, run_step_logs.updated_at
FROM run_step_logs
WHERE run_step_logs.run_id = '019b76da-a800-7000-8000-000000000001' ORDER BY run_step_logs.created_at, run_step_logs.step_id, run_step_logs.attempt;

-- name: attempts_of_step
-- Return the attempts at one step of a run: the first, then its retries.
-- index: pk_run_step_logs
SELECT run_step_logs.run_id, run_step_logs.step_id, run_step_logs.step_key, run_step_logs.attempt, run_step_logs.status, run_step_logs.input, run_step_logs.output, run_step_logs.error, run_step_logs.message, run_step_logs.started_at, run_step_logs.finished_at, run_step_logs.created_at, run_step_logs.updated_at
FROM run_step_logs
WHERE run_step_logs.run_id = '019b76da-a800-7000-8000-000000000001' AND run_step_logs.step_id = '019b76da-a800-7000-8000-000000000001' ORDER BY run_step_logs.attempt;

-- name: unfinished_run_counts
-- Count the runs that wait and that work. What is over is not counted here: that is the whole table.
-- index: ix_workflow_runs__status_created_at_id_unfinished
SELECT workflow_runs.status, count(*) AS runs
FROM workflow_runs
WHERE workflow_runs.status IN ('pending', 'running') GROUP BY workflow_runs.status;

-- name: run_counts_of_workflow
-- Count a workflow's runs by status since a moment; it reads each of them, so keep the span short.
-- index: ix_workflow_runs__workflow_id_created_at_id
SELECT workflow_runs.status, count(*) AS runs
FROM workflow_runs
WHERE workflow_runs.workflow_id = '019b76da-a800-7000-8000-000000000001' AND workflow_runs.created_at >= '2026-01-01 00:00:00+00:00' GROUP BY workflow_runs.status;

-- name: unpublished_events
-- Return the events that have not been delivered, by id, to be looked at and not to be sent: it locks nothing.
-- index: ix_outbox_events__id_unpublished
SELECT outbox_events.id, outbox_events.event_id, outbox_events.aggregate_type, outbox_events.aggregate_id, outbox_events.event_type, outbox_events.schema_version, outbox_events.attempts, outbox_events.available_at, outbox_events.last_error, outbox_events.published_at, outbox_events.created_at, outbox_events.updated_at, outbox_events.failures
FROM outbox_events
WHERE outbox_events.published_at IS NULL AND outbox_events.id > 0 ORDER BY outbox_events.id
 LIMIT 50;

-- name: purge_published_events
-- Delete, among the next `limit` events by id, those delivered before a moment; give the id to go on after and how many.
-- index: pk_outbox_events
WITH seen AS
(SELECT outbox_events.id AS id, outbox_events.published_at AS published_at
FROM outbox_events
WHERE outbox_events.id > 0 ORDER BY outbox_events.id
 LIMIT 1000),
purged AS
(DELETE FROM outbox_events WHERE outbox_events.id = ANY (array((SELECT seen.id
FROM seen
WHERE seen.published_at < '2026-01-01 00:00:00+00:00'))) RETURNING outbox_events.id)
 SELECT CASE WHEN (count(*) = 1000) THEN max(seen.id) END AS anon_1, (SELECT count(*) AS count_1
FROM purged) AS anon_2
FROM seen;
