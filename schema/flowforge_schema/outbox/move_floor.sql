-- Return what a floor has to remember when it moves: the unpublished events up to there, without those that only wait behind
-- one that is held back (`is_stuck`: it is parked, or has a crowd behind it). There is one row even without events; its first two columns
-- say which event that held others back no longer does (the floor must not move then), and up to where was read, if not to the end.
WITH released AS (
    SELECT min(stuck.id) AS id
    FROM unnest(CAST(:stuck AS bigint[])) AS stuck (id)
    WHERE NOT EXISTS (
        SELECT FROM outbox_events AS event
        WHERE event.id = stuck.id AND event.published_at IS NULL AND event.available_at > statement_timestamp()
    )
),
above AS MATERIALIZED (
    SELECT id, aggregate_id, available_at
    FROM outbox_events
    WHERE published_at IS NULL AND id > CAST(:floor AS bigint) AND id <= CAST(:settled AS bigint)
    ORDER BY id
    LIMIT CAST(:read_max AS integer)
),
unpublished AS (
    SELECT id, aggregate_id, available_at
    FROM outbox_events
    WHERE published_at IS NULL AND id = ANY (CAST(:behind AS bigint[]))
    UNION ALL
    SELECT id, aggregate_id, available_at FROM above
),
placed AS (
    SELECT
        id, available_at,
        row_number() OVER events AS place,
        count(*) OVER events - 1 AS waiting,
        first_value(available_at) OVER events AS first_available_at
    FROM unpublished
    WINDOW events AS (PARTITION BY aggregate_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
remembered AS (
    SELECT id, is_held_back AND place = 1 AS is_stuck
    FROM (
        SELECT
            id, place, available_at,
            id = ANY (CAST(:stuck AS bigint[]))
                OR (waiting > 0 AND first_available_at = :parked_until)
                OR (waiting > CAST(:crowd AS integer) AND first_available_at > statement_timestamp()) AS is_held_back
        FROM placed
    ) AS event
    WHERE place = 1 OR NOT is_held_back OR available_at = :parked_until
    ORDER BY id
    LIMIT CAST(:limit AS integer)
)
SELECT released.id AS released_id, reading.last_id, remembered.id, remembered.is_stuck
FROM released
CROSS JOIN (SELECT CASE WHEN count(*) = CAST(:read_max AS integer) THEN max(id) END AS last_id FROM above) AS reading
LEFT JOIN remembered ON true
ORDER BY remembered.id
