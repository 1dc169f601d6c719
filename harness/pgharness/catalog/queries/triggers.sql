-- triggers
-- Triggers, constraint triggers included. A partition's copy is told only where its state parts from its parent's.
-- only where EXISTS (SELECT FROM pg_trigger WHERE tgrelid >= 16384 AND NOT tgisinternal)
SELECT 'pg_trigger'::regclass, t.oid, 0, 'pg_class'::regclass, r.oid,
       'trigger', r.name || '.' || quote_ident(t.tgname), fact.property, fact.value
FROM relation r
JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
LEFT JOIN pg_trigger parent ON parent.oid = t.tgparentid
CROSS JOIN LATERAL (VALUES
    ('exists', CASE WHEN parent.oid IS NULL THEN 'trigger' ELSE 'partition trigger' END),
    ('definition', CASE WHEN parent.oid IS NULL THEN pg_get_triggerdef(t.oid) END),
    ('state', CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always'
                               ELSE CASE WHEN parent.oid IS NOT NULL THEN 'enabled' END END)
) fact(property, value)
WHERE (parent.oid IS NULL OR parent.tgenabled <> t.tgenabled) AND fact.value IS NOT NULL
