-- What is decided of each run of a batch, oldest first: workflow, state and times. Runs that are there are left out.
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
    fate.variant,
    pg_temp.chance(run.number, 502) AS trigger_roll,
    created.at_us AS created_us,
    CASE WHEN fate.has_begun THEN timed.started_us END AS started_us,
    CASE WHEN fate.has_ended THEN least(timed.started_us + timed.lasted_us, %(anchor_us)s::bigint) END AS finished_us,
    timed.lasted_us / (60 * version.step_count) AS sixtieth_us
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS run (number)
CROSS JOIN LATERAL (
    SELECT pg_temp.run_moment_us(run.number, %(anchor_us)s::bigint, %(interval_us)s::bigint) AS at_us
) AS created
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN run.number < 20 AND rolled.roll < 0.4 THEN 'pending'
            WHEN run.number < 20 THEN 'running'
            WHEN rolled.roll < 0.002 THEN 'pending'
            WHEN rolled.roll < 0.005 THEN 'running'
            WHEN rolled.roll < 0.03 THEN 'cancelled'
            WHEN rolled.roll < 0.1 THEN 'failed'
            ELSE 'completed'
        END AS status,
        rolled.variant
    FROM (
        SELECT pg_temp.chance(run.number, 503) AS roll, floor(pg_temp.chance(run.number, 504) * 16)::integer AS variant
        OFFSET 0 -- else each use would roll again
    ) AS rolled
    OFFSET 0
) AS decided
CROSS JOIN LATERAL (
    SELECT
        decided.status,
        decided.variant,
        decided.status <> 'pending' AND NOT (decided.status = 'cancelled' AND decided.variant < 2) AS has_begun,
        decided.status NOT IN ('pending', 'running') AS has_ended
) AS fate
CROSS JOIN LATERAL (
    SELECT
        created.at_us + 50000 + (pg_temp.chance(run.number, 505) * 2000000)::bigint AS started_us,
        -- Most last seconds, a few ten minutes.
        500000 + (pg_temp.chance(run.number, 506) ^ 6 * 600000000)::bigint AS lasted_us
) AS timed
-- A cubic law: of a thousand workflows the first has a tenth of all runs, the second half together has a fifth.
JOIN volume_versions AS version
    ON version.workflow_number = floor(%(workflows)s::bigint * pg_temp.chance(run.number, 507) ^ 3)::bigint
    AND version.workflow_version
        = greatest(1, version.current_version - (run.number * %(interval_us)s::bigint / %(version_life_us)s::bigint)::integer)
WHERE %(is_new)s OR NOT EXISTS (
    SELECT FROM public.workflow_runs AS made
    WHERE made.id = pg_temp.run_id(run.number, %(anchor_us)s::bigint, %(interval_us)s::bigint)
)
ORDER BY run.number DESC
