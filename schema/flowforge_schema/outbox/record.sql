-- Write many events; ids are drawn in the order of `place`.
INSERT INTO outbox_events (event_id, aggregate_type, aggregate_id, event_type, schema_version, payload, headers)
SELECT new.event_id, :aggregate_type, new.aggregate_id, new.event_type, new.schema_version, new.payload, new.headers
FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS new (
    place integer, event_id uuid, aggregate_id uuid, event_type text, schema_version smallint, payload jsonb, headers jsonb
)
ORDER BY new.place
