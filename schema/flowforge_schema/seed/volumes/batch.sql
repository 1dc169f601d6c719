-- What is decided of each run of a batch, oldest first: workflow, state, times, and how far it came.
CREATE TEMPORARY TABLE volume_batch ON COMMIT DROP AS
SELECT
    run.number,
    pg_temp.uuid7(created.at_us, run.number, 501) AS id,
    version.workflow_id,
    version.workflow_version,
    version.owner_id,
    version.step_count,
    version.step_ids,
    version.step_keys,
    fate.status::public.run_status AS status,
    pg_temp.chance(run.number, 502) AS trigger_roll,
    -- Steps before this one are done; at this one the run stands, failed or was cancelled.
    CASE
        WHEN fate.status = 'completed' THEN version.step_count
        WHEN fate.status = 'pending' OR fate.never_began THEN -1
        ELSE floor(pg_temp.chance(run.number, 503) * version.step_count)::integer
    END AS reached,
    created.at_us AS created_us,
    CASE WHEN fate.status <> 'pending' AND NOT fate.never_began THEN timed.started_us END AS started_us,
    CASE WHEN fate.status IN ('completed', 'failed', 'cancelled')
        THEN least(timed.started_us + timed.lasted_us, %(anchor_us)s::bigint) END AS finished_us,
    timed.lasted_us / version.step_count AS step_us
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS run (number)
CROSS JOIN LATERAL (
    SELECT pg_temp.run_moment_us(run.number, %(anchor_us)s::bigint, %(interval_us)s::bigint) AS at_us
) AS created
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN run.number < 20 THEN CASE WHEN rolled.roll < 0.4 THEN 'pending' ELSE 'running' END
            WHEN rolled.roll < 0.002 THEN 'pending'
            WHEN rolled.roll < 0.005 THEN 'running'
            WHEN rolled.roll < 0.03 THEN 'cancelled'
            WHEN rolled.roll < 0.1 THEN 'failed'
            ELSE 'completed'
        END AS status,
        run.number >= 20 AND rolled.roll >= 0.005 AND rolled.roll < 0.01 AS never_began
    FROM (SELECT pg_temp.chance(run.number, 504) AS roll) AS rolled
) AS fate
CROSS JOIN LATERAL (
    SELECT
        created.at_us + 50000 + (pg_temp.chance(run.number, 505) * 2000000)::bigint AS started_us,
        -- Most last seconds, a few ten minutes.
        500000 + (pg_temp.chance(run.number, 506) ^ 6 * 600000000)::bigint AS lasted_us
) AS timed
-- A cubic law: of a thousand workflows, the first has a tenth of all runs, half of them have a fifth.
JOIN volume_versions AS version
    ON version.workflow_number = floor(%(workflows)s::bigint * pg_temp.chance(run.number, 507) ^ 3)::bigint
    AND version.workflow_version
        = greatest(1, version.current_version - (run.number * %(interval_us)s::bigint / %(version_life_us)s::bigint)::integer)
WHERE NOT EXISTS (
    SELECT FROM public.workflow_runs AS made
    WHERE made.id = pg_temp.uuid7(created.at_us, run.number, 501)
)
ORDER BY run.number DESC
