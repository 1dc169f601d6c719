-- The batches that are not there yet, oldest first; one whose newest and oldest runs are both there is whole.
SELECT batch.first, least(batch.first + %(batch_runs)s::bigint, %(runs)s::bigint) - 1 AS last
FROM generate_series(0, %(runs)s::bigint - 1, %(batch_runs)s::bigint) AS batch (first)
WHERE
    2 <> (
        SELECT count(*)
        FROM unnest(ARRAY[batch.first, least(batch.first + %(batch_runs)s::bigint, %(runs)s::bigint) - 1]) AS run (number)
        WHERE EXISTS (
            SELECT FROM public.workflow_runs AS made
            WHERE made.id = pg_temp.run_id(run.number, %(anchor_us)s::bigint, %(interval_us)s::bigint)
        )
    )
ORDER BY batch.first DESC
