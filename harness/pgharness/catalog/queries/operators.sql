-- operators
-- Operators, operator classes, and operator families with their members.
-- only where EXISTS (SELECT FROM pg_operator WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_opclass WHERE oid >= 16384)
--    OR EXISTS (SELECT FROM pg_opfamily WHERE oid >= 16384)
SELECT 'pg_operator'::regclass, o.oid, 0, NULL, NULL, 'operator', o.oid::regoperator::text, fact.property, fact.value
FROM pg_operator o JOIN schema ON schema.oid = o.oprnamespace
JOIN role ON role.oid = o.oprowner
CROSS JOIN LATERAL (VALUES
    ('exists', CASE WHEN o.oprcode = 0 THEN 'shell operator' ELSE 'operator' END),
    ('owner', role.unusual_name),
    ('name', schema.name || '.' || o.oprname),
    ('leftarg', CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END),
    ('rightarg', format_type(o.oprright, NULL)),
    ('function', CASE WHEN o.oprcode <> 0 THEN o.oprcode::text END),
    ('commutator', CASE WHEN o.oprcom <> 0 THEN o.oprcom::regoperator::text END),
    ('negator', CASE WHEN o.oprnegate <> 0 THEN o.oprnegate::regoperator::text END),
    ('restrict', CASE WHEN o.oprrest <> 0 THEN o.oprrest::text END),
    ('join', CASE WHEN o.oprjoin <> 0 THEN o.oprjoin::text END),
    ('hashes', CASE WHEN o.oprcanhash THEN 'true' END),
    ('merges', CASE WHEN o.oprcanmerge THEN 'true' END)
) fact(property, value)
WHERE o.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_opclass'::regclass, c.oid, 0, 'pg_opfamily'::regclass, f.oid,
       'operator class', schema.name || '.' || quote_ident(c.opcname) || ' USING ' || quote_ident(am.amname), fact.property, fact.value
FROM pg_opclass c JOIN schema ON schema.oid = c.opcnamespace
JOIN role ON role.oid = c.opcowner
JOIN pg_am am ON am.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_namespace family_schema ON family_schema.oid = f.opfnamespace
CROSS JOIN LATERAL (VALUES
    ('exists', 'operator class'),
    ('owner', role.unusual_name),
    ('type', format_type(c.opcintype, NULL)),
    ('default', CASE WHEN c.opcdefault THEN 'true' END),
    ('family', quote_ident(family_schema.nspname) || '.' || quote_ident(f.opfname)),
    ('storage', CASE WHEN c.opckeytype <> 0 AND c.opckeytype <> c.opcintype THEN format_type(c.opckeytype, NULL) END)
) fact(property, value)
WHERE c.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_opfamily'::regclass, f.oid, 0, NULL, NULL,
       'operator family', schema.name || '.' || quote_ident(f.opfname) || ' USING ' || quote_ident(am.amname), fact.property, fact.value
FROM pg_opfamily f JOIN schema ON schema.oid = f.opfnamespace
JOIN role ON role.oid = f.opfowner
JOIN pg_am am ON am.oid = f.opfmethod
CROSS JOIN LATERAL (VALUES ('exists', 'operator family'), ('owner', role.unusual_name)) fact(property, value)
WHERE f.oid >= 16384 AND fact.value IS NOT NULL
