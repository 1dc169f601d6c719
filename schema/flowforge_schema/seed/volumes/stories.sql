-- How a run can go, for this session only: for each number of steps and each outcome sixteen variants, and in each the
-- record of every attempt. Times are in sixtieths of a step. A run picks a variant and fills in its own steps and times.
CREATE TEMPORARY TABLE volume_stories AS
SELECT
    story.step_count,
    story.status,
    story.variant,
    step.position,
    try.attempt::smallint AS attempt,
    log.status::public.step_status AS log_status,
    CASE log.status WHEN 'completed' THEN jsonb_build_object('items', story.variant * story.variant * 17) END AS output,
    CASE log.status
        WHEN 'failed'
            THEN jsonb_build_object('code', (ARRAY['timeout', 'bad_gateway', 'invalid_row'])[1 + story.variant % 3])
    END AS error,
    CASE
        WHEN log.status <> 'skipped'
            THEN 'worker ' || story.variant || ': attempt ' || try.attempt || ' of step ' || step.position
    END AS message,
    log.status <> 'skipped' AS has_begun,
    log.status <> 'running' AS has_ended,
    60 * (step.position - 1) + 60 / tried.tries * (try.attempt - 1) AS begins,
    60 * (step.position - 1) + 60 / tried.tries * try.attempt AS ends
FROM (
    SELECT
        step_count,
        status,
        variant,
        -- Steps before this one are done; at this one the run stands, failed or was cancelled.
        CASE status WHEN 'completed' THEN step_count + 1 ELSE 1 + variant % step_count END AS reached
    FROM generate_series(2, 5) AS step_count
    CROSS JOIN unnest(enum_range(NULL::public.run_status)) AS status
    CROSS JOIN generate_series(0, 15) AS variant
    -- One cancelled run in eight had not begun.
    WHERE status <> 'pending' AND NOT (status = 'cancelled' AND variant < 2)
) AS story
CROSS JOIN LATERAL generate_series(1, story.step_count) AS step (position)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN step.position = story.reached AND story.status = 'failed' THEN 3
        WHEN step.position < story.reached AND step.position = 1 AND story.variant = 14 THEN 2
        WHEN step.position < story.reached AND step.position = 2 AND story.variant = 15 THEN 3
        ELSE 1
    END AS tries
) AS tried
CROSS JOIN LATERAL generate_series(1, tried.tries) AS try (attempt)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN step.position > story.reached THEN 'skipped'
        WHEN try.attempt < tried.tries THEN 'failed'
        WHEN step.position = story.reached THEN story.status::text
        ELSE 'completed'
    END AS status
) AS log
-- After a failure the other steps are skipped; a run that stands or was cancelled has not come to them.
WHERE step.position <= story.reached OR story.status = 'failed';

ANALYZE volume_stories
