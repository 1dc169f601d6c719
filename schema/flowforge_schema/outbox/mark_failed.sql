-- Put an event off, or park it, where the claim still holds.
UPDATE outbox_events AS event
SET
    available_at = coalesce(CAST(:parked_until AS timestamptz), statement_timestamp() + CAST(:delay AS interval)),
    failures = event.failures + 1,
    last_error = :error
FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS smallint[]), CAST(:leases AS timestamptz[])) AS claim (id, attempt, leased_until)
WHERE event.id = claim.id AND event.attempts = claim.attempt AND event.available_at = claim.leased_until
    AND event.published_at IS NULL
RETURNING event.id
