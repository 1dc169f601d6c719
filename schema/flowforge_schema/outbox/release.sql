-- Undo a claim where it still holds.
UPDATE outbox_events AS event
SET attempts = event.attempts - 1, available_at = statement_timestamp()
FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS smallint[]), CAST(:leases AS timestamptz[])) AS claim (id, attempt, leased_until)
WHERE event.id = claim.id AND event.attempts = claim.attempt AND event.available_at = claim.leased_until
    AND event.published_at IS NULL
