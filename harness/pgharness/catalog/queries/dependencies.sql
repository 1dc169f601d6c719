-- dependencies
-- What must be made before what, by address; pg_depend's normal dependencies between objects of users.
-- An alias leads from a row of pg_depend to the object that people know: a default to its column, a view's rule to the
-- view, an array type to its element, a row type to its relation, an operator's membership to its class or family.
(
    WITH alias AS (
        SELECT 'pg_attrdef'::regclass::oid AS class, d.oid AS oid, 'pg_class'::regclass::oid AS to_class,
               d.adrelid AS to_oid, d.adnum::integer AS to_sub
        FROM pg_attrdef d
        WHERE d.oid >= 16384
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, 'pg_class'::regclass, w.ev_class, 0
        FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
        WHERE w.rulename = '_RETURN' AND r.relkind IN ('v', 'm')
        UNION ALL
        SELECT 'pg_class'::regclass, t.typrelid, 'pg_type'::regclass, t.oid, 0
        FROM data_type t
        WHERE t.typrelid <> 0
        UNION ALL
        SELECT 'pg_type'::regclass, t.oid,
               CASE WHEN r.oid IS NULL THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END,
               coalesce(r.oid, e.oid, rng.rngtypid), 0
        FROM pg_type t
        LEFT JOIN pg_type e ON e.oid >= 16384 AND e.oid = t.typelem AND e.typarray = t.oid
        LEFT JOIN pg_range rng ON rng.rngmultitypid = t.oid
        LEFT JOIN relation r ON r.oid = CASE WHEN e.oid IS NULL THEN t.typrelid ELSE e.typrelid END
        WHERE t.oid >= 16384 AND coalesce(r.oid, e.oid, rng.rngtypid) IS NOT NULL
        UNION ALL
        SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0
        FROM pg_depend m
        WHERE m.objid >= 16384 AND m.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
          AND m.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
    )
    SELECT coalesce(source.to_class, d.classid), coalesce(source.to_oid, d.objid),
           coalesce(source.to_sub, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objsubid ELSE 0 END),
           coalesce(target.to_class, d.refclassid), coalesce(target.to_oid, d.refobjid),
           NULL, NULL, 'depends on', NULL
    FROM pg_depend d
    LEFT JOIN alias source ON source.class = d.classid AND source.oid = d.objid
    LEFT JOIN alias target ON target.class = d.refclassid AND target.oid = d.refobjid
    WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype = 'n'
)
