-- The record of each attempt: steps done, the one at which the run stands or failed, and those skipped after a failure.
INSERT INTO public.run_step_logs (
    run_id, step_id, step_key, attempt, status, output, error, message, started_at, finished_at, created_at, updated_at
)
SELECT
    batch.id,
    batch.step_ids[step.position + 1],
    batch.step_keys[step.position + 1],
    try.attempt,
    outcome.status::public.step_status,
    CASE outcome.status
        WHEN 'completed' THEN (ARRAY['{"items": 12}', '{"items": 340}', '{"items": 0}', '{"items": 5021}']::jsonb[])[1 + mod(batch.number, 4)]
    END,
    CASE outcome.status
        WHEN 'failed' THEN (ARRAY['{"code": "timeout"}', '{"code": "bad_gateway"}', '{"code": "invalid_row"}']::jsonb[])[1 + mod(batch.number, 3)]
    END,
    CASE WHEN outcome.status <> 'skipped' THEN 'worker ' || mod(batch.number, 16) || ': ' || outcome.status END,
    CASE WHEN outcome.status <> 'skipped' THEN pg_temp.moment(timed.started_us) END,
    CASE WHEN outcome.status <> 'running' THEN pg_temp.moment(timed.finished_us) END,
    pg_temp.moment(timed.started_us),
    pg_temp.moment(CASE outcome.status WHEN 'running' THEN timed.started_us ELSE timed.finished_us END)
FROM volume_batch AS batch
CROSS JOIN LATERAL generate_series(
    0, CASE WHEN batch.status = 'failed' THEN batch.step_count - 1 ELSE least(batch.reached, batch.step_count - 1) END
) AS step (position)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN step.position = batch.reached AND batch.status = 'failed' THEN 3
        WHEN step.position > batch.reached THEN 1
        ELSE 1 + (pg_temp.chance(batch.number * 8 + step.position, 601) < 0.04)::integer
            + (pg_temp.chance(batch.number * 8 + step.position, 601) < 0.01)::integer
    END AS tries
) AS tried
CROSS JOIN LATERAL generate_series(1, tried.tries) AS try (attempt)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN step.position > batch.reached THEN 'skipped'
        WHEN try.attempt < tried.tries THEN 'failed'
        WHEN step.position = batch.reached THEN batch.status::text
        ELSE 'completed'
    END AS status
) AS outcome
CROSS JOIN LATERAL (
    SELECT begun.at_us, begun.at_us + batch.step_us / tried.tries
    FROM (
        SELECT batch.started_us + batch.step_us * step.position + batch.step_us * (try.attempt - 1) / tried.tries
    ) AS begun (at_us)
) AS timed (started_us, finished_us)
