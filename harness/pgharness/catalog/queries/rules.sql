-- rules
-- Rewrite rules other than the one that is a view.
-- only where EXISTS (SELECT FROM pg_rewrite WHERE ev_class >= 16384)
SELECT 'pg_rewrite'::regclass, w.oid, 0, 'pg_class'::regclass, r.oid,
       'rule', r.name || '.' || quote_ident(w.rulename), fact.property, fact.value
FROM relation r
JOIN pg_rewrite w ON w.ev_class = r.oid AND (w.rulename <> '_RETURN' OR r.relkind NOT IN ('v', 'm'))
CROSS JOIN LATERAL (VALUES
    ('exists', 'rule'),
    ('definition', pg_get_ruledef(w.oid)),
    ('state', CASE w.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)
) fact(property, value)
WHERE fact.value IS NOT NULL
