-- types
-- Enums, domains, composite, range, base and shell types. Property names are the parameter names of CREATE TYPE.
SELECT 'pg_type'::regclass, t.oid, 0, NULL, NULL, 'type', t.name, fact.property, fact.value
FROM data_type t
JOIN role ON role.oid = t.typowner
LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_collation coll ON coll.oid = CASE WHEN t.typtype = 'r' THEN r.rngcollation ELSE t.typcollation END
LEFT JOIN pg_namespace collation_schema ON collation_schema.oid = coll.collnamespace
LEFT JOIN pg_type base ON base.oid = CASE WHEN t.typtype = 'r' THEN r.rngsubtype ELSE t.typbasetype END
LEFT JOIN pg_opclass opc ON opc.oid = r.rngsubopc
LEFT JOIN pg_namespace opc_schema ON opc_schema.oid = opc.opcnamespace
LEFT JOIN pg_constraint nn ON nn.contypid = t.oid AND nn.contype = 'n'
CROSS JOIN LATERAL (VALUES
    ('exists', CASE WHEN NOT t.typisdefined THEN 'shell type' ELSE
        CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type'
                       WHEN 'r' THEN 'range type' ELSE 'base type' END END),
    ('owner', role.unusual_name),
    ('collation', CASE WHEN coll.oid <> base.typcollation
                       THEN quote_ident(collation_schema.nspname) || '.' || quote_ident(coll.collname) END),
    ('labels', CASE WHEN t.typtype = 'e' THEN coalesce(
        (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
         FROM pg_enum e WHERE e.enumtypid = t.oid), 'none') END),
    ('type', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END),
    ('default', CASE WHEN t.typtype <> 'd' THEN quote_literal(t.typdefault)
                     WHEN t.typdefaultbin IS NULL THEN NULL
                     ELSE pg_get_expr(t.typdefaultbin, 0) END),
    ('not null', CASE WHEN t.typnotnull THEN 'true' END),
    ('not null constraint', CASE WHEN nn.conname <> t.typname || '_not_null' THEN quote_ident(nn.conname) END),
    ('subtype', CASE WHEN t.typtype = 'r' THEN format_type(r.rngsubtype, NULL) END),
    ('subtype_opclass', CASE WHEN NOT opc.opcdefault
                             THEN quote_ident(opc_schema.nspname) || '.' || quote_ident(opc.opcname) END),
    ('canonical', CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::text END),
    ('subtype_diff', CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::text END),
    ('multirange_type_name', format_type(r.rngmultitypid, NULL))
) fact(property, value)
WHERE fact.value IS NOT NULL
