-- event_triggers
-- Event triggers of this database.
-- only where EXISTS (SELECT FROM pg_event_trigger)
SELECT 'pg_event_trigger'::regclass, e.oid, 0, NULL, NULL, 'event trigger', quote_ident(e.evtname), fact.property, fact.value
FROM pg_event_trigger e
JOIN role ON role.oid = e.evtowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'event trigger'),
    ('owner', role.unusual_name),
    ('event', e.evtevent::text),
    ('tags', (SELECT string_agg(quote_literal(u.tag), ', ' ORDER BY u.tag) FROM unnest(e.evttags) AS u(tag))),
    ('function', e.evtfoid::regprocedure::text),
    ('state', CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)
) fact(property, value)
WHERE fact.value IS NOT NULL
