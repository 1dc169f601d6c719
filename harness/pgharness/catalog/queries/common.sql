-- common
-- What the queries beside this one share: user schemas, relations, types, routines, extension members, role names.
-- Objects with an oid below 16384 came with the server; below them only the schema public (oid 2200) is a user's.
WITH schema AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) AS name, n.nspname, n.nspowner
    FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), member AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_depend d
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
), relation AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relpersistence, c.relam, c.reloptions, c.reltoastrelid,
           c.reltablespace, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relpartbound,
           c.reloftype, c.relispopulated, schema.name || '.' || quote_ident(c.relname) AS name,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
    FROM pg_class c JOIN schema ON schema.oid = c.relnamespace
    WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT EXISTS (SELECT FROM member WHERE member.classid = 'pg_class'::regclass AND member.objid = c.oid)
), data_type AS MATERIALIZED (
    SELECT t.*, schema.name || '.' || quote_ident(t.typname) AS name
    FROM pg_type t JOIN schema ON schema.oid = t.typnamespace
    WHERE t.oid >= 16384 AND t.typtype IN ('b', 'c', 'd', 'e', 'p', 'r')
      AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
      -- An array type of ours has an element type of ours: what came with the server has its array type from there.
      AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid >= 16384 AND e.oid = t.typelem AND e.typarray = t.oid)
      AND NOT EXISTS (SELECT FROM member WHERE member.classid = 'pg_type'::regclass AND member.objid = t.oid)
), routine AS MATERIALIZED (
    SELECT p.oid, p.prokind, p.proowner, p.proparallel, schema.name || '.' || quote_ident(p.proname) AS name
    FROM pg_proc p JOIN schema ON schema.oid = p.pronamespace
    WHERE p.oid >= 16384
      AND NOT EXISTS (SELECT FROM member WHERE member.classid = 'pg_proc'::regclass AND member.objid = p.oid)
      -- The constructors of a range type come and go with it (pg_depend, internal).
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                                AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i')
), main_owner AS MATERIALIZED (
    -- The role that owns most; every object of its own is told without an owner, so that a database made by one role
    -- equals the same database made by another.
    SELECT coalesce(
        (SELECT vote.owner
         FROM (SELECT relowner AS owner FROM relation UNION ALL SELECT proowner FROM routine
               UNION ALL SELECT typowner FROM data_type UNION ALL SELECT nspowner FROM schema WHERE oid >= 16384) vote
         GROUP BY vote.owner
         ORDER BY count(*) DESC, vote.owner = d.datdba DESC, vote.owner
         LIMIT 1), d.datdba) AS oid
    FROM pg_database d
    WHERE d.datname = current_database()
), role AS MATERIALIZED (
    SELECT r.oid, CASE WHEN r.oid = main_owner.oid THEN '<owner>' ELSE quote_ident(r.rolname) END AS name,
           CASE WHEN r.oid <> main_owner.oid THEN quote_ident(r.rolname) END AS unusual_name
    FROM pg_roles r CROSS JOIN main_owner
)
