-- The record of each attempt at each step of the batch's runs, as their stories tell it.
INSERT INTO public.run_step_logs (
    run_id, step_id, step_key, attempt, status, output, error, message, started_at, finished_at, created_at, updated_at
)
SELECT
    batch.id,
    batch.step_ids[story.position],
    batch.step_keys[story.position],
    story.attempt,
    story.log_status,
    story.output,
    story.error,
    story.message,
    CASE WHEN story.has_begun THEN pg_temp.moment(batch.started_us + batch.sixtieth_us * story.begins) END,
    CASE WHEN story.has_ended THEN pg_temp.moment(batch.started_us + batch.sixtieth_us * story.ends) END,
    pg_temp.moment(batch.started_us + batch.sixtieth_us * story.begins),
    pg_temp.moment(batch.started_us + batch.sixtieth_us * CASE WHEN story.has_ended THEN story.ends ELSE story.begins END)
FROM volume_batch AS batch
JOIN volume_stories AS story USING (step_count, status, variant)
