-- Count what has not been delivered, and what of it goes nowhere without a person.
SELECT
    count(*) AS unpublished,
    CAST(extract(epoch FROM statement_timestamp() - min(created_at) FILTER (WHERE NOT is_stuck)) AS double precision) AS oldest_age_s,
    count(*) FILTER (WHERE is_parked) AS parked,
    count(*) FILTER (WHERE is_stuck AND NOT is_parked) AS blocked
FROM (
    SELECT created_at, is_parked, bool_or(is_parked) OVER (PARTITION BY aggregate_id ORDER BY id) AS is_stuck
    FROM (
        SELECT id, aggregate_id, created_at, available_at = :parked_until AS is_parked
        FROM outbox_events
        WHERE published_at IS NULL
    ) AS unpublished
) AS event
