-- Lease the oldest events that may go out, in the order of their ids. The first two columns of every row say how many
-- unpublished events were looked at, and how many of those have used up their attempts; there is one row even without events.
-- Below the floor stand the events that it remembers, and those that wait behind one that is stuck. Where one of these is held back no
-- more, the claim begins just below it.
WITH start AS MATERIALIZED (
    SELECT least(CAST(:floor AS bigint), min(stuck.id) - 1) AS id
    FROM unnest(CAST(:stuck AS bigint[])) AS stuck (id)
    WHERE NOT EXISTS (
        SELECT FROM outbox_events AS event
        WHERE event.id = stuck.id AND event.published_at IS NULL AND event.available_at > statement_timestamp()
    )
),
nearest AS MATERIALIZED (
    (
        SELECT id, aggregate_id, attempts, available_at > statement_timestamp() AS is_held
        FROM outbox_events
        WHERE published_at IS NULL AND id = ANY (CAST(:behind AS bigint[])) AND id <= (SELECT start.id FROM start)
            AND abs(mod(hashtextextended(CAST(aggregate_id AS text), 0), CAST(:shares AS integer))) = CAST(:share AS integer)
    )
    UNION ALL
    (
        SELECT id, aggregate_id, attempts, available_at > statement_timestamp()
        FROM outbox_events
        WHERE published_at IS NULL AND id > (SELECT start.id FROM start)
            AND abs(mod(hashtextextended(CAST(aggregate_id AS text), 0), CAST(:shares AS integer))) = CAST(:share AS integer)
        ORDER BY id
        LIMIT :window
    )
),
-- Without gaps from the oldest on: all that an event may have to wait for is among these.
horizon AS MATERIALIZED (
    SELECT
        id, aggregate_id,
        NOT is_held AND attempts = :max_attempts AS is_last_try,
        NOT is_held AND attempts > :max_attempts AS is_exhausted,
        is_held
            OR attempts > :max_attempts
            OR (attempts = :max_attempts AND row_number() OVER (PARTITION BY aggregate_id ORDER BY id) > 1) AS is_outstanding
    FROM nearest
),
ready AS MATERIALIZED (
    SELECT id, aggregate_id, is_last_try
    FROM (
        SELECT id, aggregate_id, is_last_try, bool_or(is_outstanding) OVER (PARTITION BY aggregate_id ORDER BY id) AS must_wait
        FROM horizon
    ) AS event
    WHERE NOT must_wait
),
-- An event on its last try goes alone: should it bring the relay down again, no other event is blamed for it.
candidate AS MATERIALIZED (
    SELECT id, aggregate_id
    FROM ready
    WHERE is_last_try OR NOT EXISTS (SELECT FROM ready AS other WHERE other.is_last_try)
    ORDER BY id
    LIMIT (SELECT CASE WHEN bool_or(is_last_try) THEN 1 ELSE :limit END FROM ready)
),
locked AS MATERIALIZED (
    SELECT event.id
    FROM outbox_events AS event
    WHERE event.id IN (SELECT candidate.id FROM candidate)
        AND event.published_at IS NULL AND event.available_at <= statement_timestamp()
    ORDER BY event.id
    FOR UPDATE SKIP LOCKED
),
-- An earlier event of the aggregate that somebody has locked at this moment may fail, or be claimed by them.
-- IN stands in the list of columns because there it is looked up by hash; as a join it was compared pair by pair.
taken AS (
    SELECT id
    FROM (
        SELECT
            candidate.id,
            bool_and(candidate.id IN (SELECT locked.id FROM locked))
                OVER (PARTITION BY candidate.aggregate_id ORDER BY candidate.id) AS is_without_gap
        FROM candidate
    ) AS event
    WHERE is_without_gap
),
claimed AS (
    UPDATE outbox_events AS event
    SET attempts = event.attempts + 1, available_at = statement_timestamp() + CAST(:lease AS interval)
    FROM taken
    WHERE event.id = taken.id
    RETURNING event.*
)
SELECT
    glance.seen, glance.exhausted,
    claimed.id, claimed.event_id, claimed.aggregate_type, claimed.aggregate_id, claimed.event_type, claimed.schema_version,
    CAST(claimed.payload AS text) AS payload, CAST(claimed.headers AS text) AS headers, claimed.created_at, claimed.attempts, claimed.available_at
FROM (SELECT count(*) AS seen, count(*) FILTER (WHERE is_exhausted) AS exhausted FROM horizon) AS glance
LEFT JOIN claimed ON true
ORDER BY claimed.id
