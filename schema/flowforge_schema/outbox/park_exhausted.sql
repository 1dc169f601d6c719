-- Park the events that were claimed once more than they may be, whose lease is over, and on whose last claim nobody reported. How many of
-- the claims before it ended in a failure is not stored; the last failure that was reported is.
UPDATE outbox_events AS event
SET
    available_at = :parked_until,
    last_error = left(
        'Claimed ' || event.attempts || ' times, the last time alone, and no relay lived to report on '
            || coalesce('that claim. The last failure that was reported: ' || event.last_error, 'it.'),
        CAST(:longest AS integer)
    )
FROM (
    SELECT id
    FROM outbox_events
    WHERE published_at IS NULL AND attempts > :max_attempts AND available_at <= statement_timestamp()
    ORDER BY id
    FOR UPDATE SKIP LOCKED
) AS exhausted
WHERE event.id = exhausted.id
