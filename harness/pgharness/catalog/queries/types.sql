-- types
-- Enums, domains, composite, range, base and shell types. Property names are the parameter names of CREATE TYPE.
-- What only domains or ranges have is looked up for these alone.
SELECT 'pg_type'::regclass, t.oid, 0, NULL, NULL, 'type', t.name, '*', to_json(ARRAY[
           'exists', CASE WHEN NOT t.typisdefined THEN 'shell type' ELSE
               CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type'
                              WHEN 'r' THEN 'range type' ELSE 'base type' END END,
           'owner', role.unusual_name,
           'labels', CASE WHEN t.typtype = 'e' THEN coalesce(
               (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                FROM pg_enum e WHERE e.enumtypid = t.oid), 'none') END,
           'collation', CASE WHEN made.collation <> (SELECT base.typcollation FROM pg_type base WHERE base.oid = made.base) THEN
               (SELECT (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.oid = coll.collnamespace)
                       || '.' || quote_ident(coll.collname)
                FROM pg_collation coll WHERE coll.oid = made.collation) END,
           'type', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
           'default', CASE WHEN t.typtype <> 'd' THEN quote_literal(t.typdefault)
                           WHEN t.typdefaultbin IS NULL THEN NULL
                           ELSE pg_get_expr(t.typdefaultbin, 0) END,
           'not null', CASE WHEN t.typnotnull THEN 'true' END,
           'not null constraint', CASE WHEN t.typnotnull THEN
               (SELECT CASE WHEN nn.conname <> t.typname || '_not_null' THEN quote_ident(nn.conname) END
                FROM pg_constraint nn WHERE nn.contypid = t.oid AND nn.contype = 'n') END,
           'subtype', CASE WHEN t.typtype = 'r' THEN format_type(r.rngsubtype, NULL) END,
           'subtype_opclass', CASE WHEN t.typtype = 'r' THEN
               (SELECT CASE WHEN NOT opc.opcdefault THEN
                   (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.oid = opc.opcnamespace) || '.' || quote_ident(opc.opcname) END
                FROM pg_opclass opc WHERE opc.oid = r.rngsubopc) END,
           'canonical', CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::text END,
           'subtype_diff', CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::text END,
           'multirange_type_name', format_type(r.rngmultitypid, NULL)
       ])::text
FROM data_type t
JOIN role ON role.oid = t.typowner
LEFT JOIN pg_range r ON r.rngtypid = t.oid
CROSS JOIN LATERAL (
    SELECT CASE t.typtype WHEN 'r' THEN r.rngsubtype WHEN 'd' THEN t.typbasetype END AS base,
           CASE t.typtype WHEN 'r' THEN r.rngcollation WHEN 'd' THEN t.typcollation END AS collation
) made
