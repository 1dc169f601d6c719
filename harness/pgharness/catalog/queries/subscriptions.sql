-- subscriptions
-- Subscriptions of this database, without their connection strings, which only a superuser may read and which hold secrets.
-- only where EXISTS (SELECT FROM pg_subscription)
SELECT 'pg_subscription'::regclass, s.oid, 0, NULL, NULL, 'subscription', quote_ident(s.subname), fact.property, fact.value
FROM pg_subscription s
JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
JOIN role ON role.oid = s.subowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'subscription'),
    ('owner', role.unusual_name),
    ('enabled', CASE WHEN s.subenabled THEN 'true' END),
    ('publications', array_to_string(ARRAY(SELECT quote_ident(u.name) FROM unnest(s.subpublications) AS u(name) ORDER BY 1), ', ')),
    ('slot_name', quote_literal(s.subslotname)),
    ('synchronous_commit', CASE WHEN s.subsynccommit <> 'off' THEN s.subsynccommit END),
    ('binary', CASE WHEN s.subbinary THEN 'true' END),
    ('streaming', CASE s.substream::text WHEN 'p' THEN 'parallel' WHEN 't' THEN 'on' WHEN 'true' THEN 'on' END),
    ('two_phase', CASE WHEN s.subtwophasestate <> 'd' THEN 'true' END),
    ('disable_on_error', CASE WHEN s.subdisableonerr THEN 'true' END),
    ('password_required', CASE WHEN NOT s.subpasswordrequired THEN 'false' END),
    ('run_as_owner', CASE WHEN s.subrunasowner THEN 'true' END),
    ('origin', CASE WHEN s.suborigin <> 'any' THEN quote_literal(s.suborigin) END),
    ('failover', CASE WHEN s.subfailover THEN 'true' END)
) fact(property, value)
WHERE fact.value IS NOT NULL
