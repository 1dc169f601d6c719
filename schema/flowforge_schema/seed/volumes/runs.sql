-- The runs of the batch.
INSERT INTO public.workflow_runs (
    id, workflow_id, workflow_version, status, trigger_type, triggered_by, input, output, error, started_at, finished_at,
    cancel_requested_at, lock_version, created_at, updated_at, deadline_at
)
SELECT
    batch.id,
    batch.workflow_id,
    batch.workflow_version,
    batch.status,
    CASE
        WHEN batch.trigger_roll < 0.55 THEN 'schedule'
        WHEN batch.trigger_roll < 0.8 THEN 'event'
        WHEN batch.trigger_roll < 0.92 THEN 'api'
        ELSE 'manual'
    END::public.trigger_type,
    CASE WHEN batch.trigger_roll >= 0.8 THEN batch.owner_id END,
    CASE mod(batch.number, 3)
        WHEN 0 THEN '{"region": "eu", "full": true}'::jsonb
        WHEN 1 THEN '{"region": "us"}'::jsonb
        ELSE '{"region": "ap", "dry_run": false}'::jsonb
    END,
    CASE batch.status WHEN 'completed' THEN '{"result": "ok", "warnings": 0}'::jsonb END,
    CASE batch.status WHEN 'failed' THEN '{"code": "step_failed", "message": "the last attempt failed"}'::jsonb END,
    pg_temp.moment(batch.started_us),
    pg_temp.moment(batch.finished_us),
    CASE batch.status WHEN 'cancelled' THEN pg_temp.moment(batch.finished_us - 200000) END,
    CASE batch.status WHEN 'pending' THEN 1 WHEN 'running' THEN 2 ELSE 3 END,
    pg_temp.moment(batch.created_us),
    pg_temp.moment(coalesce(batch.finished_us, batch.started_us, batch.created_us)),
    -- Half of those that were begun had an hour. What waits has as long as it takes, or a worker would end it at first sight.
    CASE WHEN mod(batch.number, 2) = 1 AND batch.status <> 'pending' THEN pg_temp.moment(batch.created_us + 3600000000) END
FROM volume_batch AS batch
