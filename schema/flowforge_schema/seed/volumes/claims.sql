-- One claim for each run of the batch that is running: its worker was lost, and the lease of a minute is over.
INSERT INTO public.workflow_run_claims (run_id, attempt, held_by, leased_until, available_at, created_at, updated_at)
SELECT
    batch.id,
    1,
    'volume-' || mod(batch.number, 8),
    pg_temp.moment(batch.started_us + 60000000),
    pg_temp.moment(batch.started_us + 60000000),
    pg_temp.moment(batch.started_us),
    pg_temp.moment(batch.started_us)
FROM volume_batch AS batch
WHERE batch.status = 'running'
