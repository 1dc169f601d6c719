-- One event a run: the newest wait, a few were refused and are tried again, all others are delivered. A run that was deleted
-- and is made again tells again.
INSERT INTO public.outbox_events (
    event_id, aggregate_type, aggregate_id, event_type, payload, attempts, failures, available_at, last_error, published_at,
    created_at, updated_at
)
SELECT
    pg_temp.uuid7(batch.told_us, batch.number, 701),
    'workflow_run',
    batch.id,
    CASE batch.status
        WHEN 'pending' THEN 'workflow_run.created'
        WHEN 'running' THEN 'workflow_run.started'
        ELSE 'workflow_run.' || batch.status
    END,
    CASE batch.status
        WHEN 'failed' THEN '{"status": "failed", "reason": "step_failed"}'::jsonb
        WHEN 'completed' THEN '{"status": "completed", "warnings": 0}'::jsonb
        ELSE '{"status": "changed"}'::jsonb
    END,
    CASE batch.delivery WHEN 'delivered' THEN 1 WHEN 'waiting' THEN 0 ELSE 4 END,
    CASE batch.delivery WHEN 'refused' THEN 4 ELSE 0 END,
    pg_temp.moment(CASE batch.delivery WHEN 'refused' THEN batch.told_us + 960000000 ELSE batch.told_us END),
    CASE batch.delivery WHEN 'refused' THEN '503 from the consumer' END,
    CASE batch.delivery WHEN 'delivered' THEN pg_temp.moment(batch.told_us + 150000) END,
    pg_temp.moment(batch.told_us),
    pg_temp.moment(batch.told_us + CASE batch.delivery WHEN 'waiting' THEN 0 ELSE 150000 END)
FROM (
    SELECT
        *,
        coalesce(finished_us, started_us, created_us) AS told_us,
        CASE
            WHEN number < 100 THEN 'waiting'
            WHEN pg_temp.chance(number, 702) < 0.0005 THEN 'refused'
            ELSE 'delivered'
        END AS delivery
    FROM volume_batch
    OFFSET 0 -- else the roll would be made anew at each use
) AS batch
