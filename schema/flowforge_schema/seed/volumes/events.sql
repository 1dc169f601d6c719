-- One event a run: the newest wait, a few were refused and are tried again, all others are delivered.
INSERT INTO public.outbox_events (
    event_id, aggregate_type, aggregate_id, event_type, payload, attempts, available_at, last_error, published_at, created_at, updated_at
)
SELECT
    pg_temp.uuid7(told.at_us, batch.number, 701),
    'workflow_run',
    batch.id,
    CASE batch.status WHEN 'pending' THEN 'workflow_run.created' WHEN 'running' THEN 'workflow_run.started' ELSE 'workflow_run.' || batch.status END,
    jsonb_build_object('run_id', batch.id, 'workflow_id', batch.workflow_id, 'status', batch.status),
    CASE delivery.state WHEN 'delivered' THEN 1 WHEN 'waiting' THEN 0 ELSE 4 END,
    pg_temp.moment(CASE delivery.state WHEN 'refused' THEN told.at_us + 960000000 ELSE told.at_us END),
    CASE delivery.state WHEN 'refused' THEN '503 from the consumer' END,
    CASE delivery.state WHEN 'delivered' THEN pg_temp.moment(told.at_us + 150000) END,
    pg_temp.moment(told.at_us),
    pg_temp.moment(told.at_us + CASE delivery.state WHEN 'waiting' THEN 0 ELSE 150000 END)
FROM volume_batch AS batch
CROSS JOIN LATERAL (SELECT coalesce(batch.finished_us, batch.started_us, batch.created_us)) AS told (at_us)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN batch.number < 100 THEN 'waiting'
        WHEN pg_temp.chance(batch.number, 702) < 0.0005 THEN 'refused'
        ELSE 'delivered'
    END
) AS delivery (state)
