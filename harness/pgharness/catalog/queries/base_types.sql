-- base_types
-- What CREATE TYPE says of a base type.
-- only where EXISTS (SELECT FROM pg_type t WHERE t.oid >= 16384 AND t.typtype = 'b'
--    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid))
SELECT 'pg_type'::regclass, t.oid, 0, NULL, NULL, 'type', t.name, fact.property, fact.value
FROM data_type t
CROSS JOIN LATERAL (VALUES
    ('input', t.typinput::text),
    ('output', t.typoutput::text),
    ('receive', CASE WHEN t.typreceive <> 0 THEN t.typreceive::text END),
    ('send', CASE WHEN t.typsend <> 0 THEN t.typsend::text END),
    ('typmod_in', CASE WHEN t.typmodin <> 0 THEN t.typmodin::text END),
    ('typmod_out', CASE WHEN t.typmodout <> 0 THEN t.typmodout::text END),
    ('analyze', CASE WHEN t.typanalyze <> 0 THEN t.typanalyze::text END),
    ('subscript', CASE WHEN t.typsubscript <> 0 THEN t.typsubscript::text END),
    ('internallength', CASE WHEN t.typlen < 0 THEN 'variable' ELSE t.typlen::text END),
    ('passedbyvalue', CASE WHEN t.typbyval THEN 'true' END),
    ('alignment', CASE t.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4' ELSE 'double' END),
    ('storage', CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END),
    ('category', CASE WHEN t.typcategory <> 'U' THEN quote_literal(t.typcategory::text) END),
    ('preferred', CASE WHEN t.typispreferred THEN 'true' END),
    ('element', CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END),
    ('delimiter', CASE WHEN t.typdelim <> ',' THEN quote_literal(t.typdelim::text) END),
    ('collatable', CASE WHEN t.typcollation <> 0 THEN 'true' END)
) fact(property, value)
WHERE t.typtype = 'b' AND t.typisdefined AND fact.value IS NOT NULL
