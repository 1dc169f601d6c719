-- Write many events; ids are drawn in the order of the arrays.
INSERT INTO outbox_events (event_id, aggregate_type, aggregate_id, event_type, schema_version, payload, headers)
SELECT new.event_id, :aggregate_type, new.aggregate_id, new.event_type, new.schema_version, new.payload, new.headers
FROM unnest(
    CAST(:event_ids AS uuid[]), CAST(:aggregate_ids AS uuid[]), CAST(:event_types AS text[]), CAST(:schema_versions AS smallint[]),
    CAST(:payloads AS jsonb[]), CAST(:headers AS jsonb[])
) WITH ORDINALITY AS new (event_id, aggregate_id, event_type, schema_version, payload, headers, place)
ORDER BY new.place
