-- aggregates
-- The parts of an aggregate, under the parameter names of CREATE AGGREGATE.
-- only where EXISTS (SELECT FROM pg_aggregate WHERE aggfnoid >= 16384)
SELECT 'pg_proc'::regclass, p.oid, 0, NULL, NULL, 'function', p.oid::regprocedure::text, fact.property, fact.value
FROM routine p
JOIN pg_aggregate a ON a.aggfnoid = p.oid
LEFT JOIN pg_operator sortop ON sortop.oid = a.aggsortop
CROSS JOIN LATERAL (VALUES
    ('name', p.name),
    ('arguments', pg_get_function_arguments(p.oid)),
    ('sfunc', a.aggtransfn::text),
    ('stype', format_type(a.aggtranstype, NULL)),
    ('sspace', nullif(a.aggtransspace, 0)::text),
    ('finalfunc', CASE WHEN a.aggfinalfn <> 0 THEN a.aggfinalfn::text END),
    ('finalfunc_extra', CASE WHEN a.aggfinalextra THEN 'true' END),
    ('finalfunc_modify', CASE a.aggfinalmodify WHEN 's' THEN 'shareable' WHEN 'w' THEN 'read_write'
                              ELSE CASE WHEN a.aggkind <> 'n' THEN 'read_only' END END),
    ('combinefunc', CASE WHEN a.aggcombinefn <> 0 THEN a.aggcombinefn::text END),
    ('serialfunc', CASE WHEN a.aggserialfn <> 0 THEN a.aggserialfn::text END),
    ('deserialfunc', CASE WHEN a.aggdeserialfn <> 0 THEN a.aggdeserialfn::text END),
    ('initcond', quote_literal(a.agginitval)),
    ('msfunc', CASE WHEN a.aggmtransfn <> 0 THEN a.aggmtransfn::text END),
    ('minvfunc', CASE WHEN a.aggminvtransfn <> 0 THEN a.aggminvtransfn::text END),
    ('mstype', CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END),
    ('msspace', nullif(a.aggmtransspace, 0)::text),
    ('mfinalfunc', CASE WHEN a.aggmfinalfn <> 0 THEN a.aggmfinalfn::text END),
    ('mfinalfunc_extra', CASE WHEN a.aggmfinalextra THEN 'true' END),
    ('mfinalfunc_modify', CASE WHEN a.aggmfinalfn <> 0 THEN
        CASE a.aggmfinalmodify WHEN 's' THEN 'shareable' WHEN 'w' THEN 'read_write' END END),
    ('minitcond', quote_literal(a.aggminitval)),
    ('sortop', sortop.oid::regoper::text),
    ('parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END),
    ('hypothetical', CASE WHEN a.aggkind = 'h' THEN 'true' END)
) fact(property, value)
WHERE fact.value IS NOT NULL
