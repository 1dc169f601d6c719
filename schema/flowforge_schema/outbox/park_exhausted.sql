-- Park the events that were claimed once more than they may be, whose lease is over, and on whose last claim nobody reported.
UPDATE outbox_events AS event
SET
    available_at = :parked_until,
    last_error = left(
        'Claimed ' || event.attempts || ' times: ' || event.failures || ' failed, and on ' || event.attempts - event.failures
            || ', the last time alone, no relay lived to report.' || coalesce(' The last failure: ' || event.last_error, ''),
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
