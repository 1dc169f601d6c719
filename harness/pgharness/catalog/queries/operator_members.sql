-- operator_members
-- Operators and support functions, of the operator class that they came with, or else of the family.
-- only where EXISTS (SELECT FROM pg_amop WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_amproc WHERE oid >= 16384)
SELECT d.refclassid, d.refobjid, 0, NULL, NULL, NULL, NULL,
       'operator ' || o.amopstrategy || ' (' || format_type(o.amoplefttype, NULL) || ', '
                   || format_type(o.amoprighttype, NULL) || ')',
       o.amopopr::regoperator::text || CASE WHEN o.amoppurpose = 'o' THEN ' FOR ORDER BY '
            || quote_ident(sort_schema.nspname) || '.' || quote_ident(sort.opfname) ELSE '' END
FROM pg_amop o
JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = o.oid
                AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
LEFT JOIN pg_opfamily sort ON sort.oid = o.amopsortfamily
LEFT JOIN pg_namespace sort_schema ON sort_schema.oid = sort.opfnamespace
WHERE o.oid >= 16384
UNION ALL
SELECT d.refclassid, d.refobjid, 0, NULL, NULL, NULL, NULL,
       'function ' || p.amprocnum || ' (' || format_type(p.amproclefttype, NULL) || ', '
                   || format_type(p.amprocrighttype, NULL) || ')',
       p.amproc::regprocedure::text
FROM pg_amproc p
JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = p.oid
                AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
WHERE p.oid >= 16384
