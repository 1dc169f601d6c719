-- Park the events that were claimed once more than they may be, whose lease is over, and on which nobody reported.
UPDATE outbox_events AS event
SET
    available_at = :parked_until,
    last_error = 'Claimed ' || event.attempts || ' times, the last time alone, and no relay lived to report on it.'
FROM (
    SELECT id
    FROM outbox_events
    WHERE published_at IS NULL AND attempts > :max_attempts AND available_at <= statement_timestamp()
    ORDER BY id
    FOR UPDATE SKIP LOCKED
) AS exhausted
WHERE event.id = exhausted.id
