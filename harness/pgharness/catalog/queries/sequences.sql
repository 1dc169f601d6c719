-- sequences
-- Sequences, also those behind serial and identity columns; where they stand is data, not schema.
SELECT 'pg_class'::regclass, s.oid, 0, CASE WHEN owning.oid IS NOT NULL THEN 'pg_class'::regclass::oid END, owning.oid,
       'sequence', s.name, '*', to_json(ARRAY[
           'exists', 'sequence',
           'owner', CASE WHEN owning.oid IS NULL OR s.relowner <> owning.relowner THEN role.unusual_name END,
           'persistence', CASE WHEN s.relpersistence = 'u' THEN 'unlogged' END,
           'type', format_type(q.seqtypid, NULL),
           'start', q.seqstart::text,
           'increment', q.seqincrement::text,
           'minimum', q.seqmin::text,
           'maximum', q.seqmax::text,
           'cache', q.seqcache::text,
           'cycle', CASE WHEN q.seqcycle THEN 'true' END,
           CASE d.deptype WHEN 'i' THEN 'identity of' ELSE 'owned by' END, owning.name || '.' || (
               SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = d.refobjid AND a.attnum = d.refobjsubid)
       ])::text
FROM relation s
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN role ON role.oid = s.relowner
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.objid >= 16384 AND d.objsubid = 0
                     AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN relation owning ON owning.oid = d.refobjid
WHERE s.relkind = 'S'
