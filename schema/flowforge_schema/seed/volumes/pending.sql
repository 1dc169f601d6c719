-- The batches that are not there yet, oldest first; one whose newest and oldest runs are both there is whole. Keys are ordered
-- by time, so one look into the index tells whether a batch is all new, or has runs that must be left out.
SELECT
    batch.first,
    batch.last,
    NOT EXISTS (
        SELECT FROM public.workflow_runs AS made
        WHERE made.id BETWEEN pg_temp.run_id(batch.last, %(anchor_us)s::bigint, %(interval_us)s::bigint)
            AND pg_temp.run_id(batch.first, %(anchor_us)s::bigint, %(interval_us)s::bigint)
    ) AS is_new
FROM (
    SELECT first, least(first + %(batch_runs)s::bigint, %(runs)s::bigint) - 1 AS last
    FROM generate_series(0, %(runs)s::bigint - 1, %(batch_runs)s::bigint) AS first
) AS batch
WHERE
    2 <> (
        SELECT count(*)
        FROM unnest(ARRAY[batch.first, batch.last]) AS run (number)
        WHERE EXISTS (
            SELECT FROM public.workflow_runs AS made
            WHERE made.id = pg_temp.run_id(run.number, %(anchor_us)s::bigint, %(interval_us)s::bigint)
        )
    )
ORDER BY batch.first DESC
