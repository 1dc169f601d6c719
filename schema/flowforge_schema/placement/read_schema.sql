-- What distribution asks of the tables of the current schema, as one document: tables, keys, unique, names, triggers, identities, rows, functions.
WITH tables AS (
    SELECT c.oid, c.relname::text AS name, greatest(c.reltuples, 0)::bigint AS estimate, pg_catalog.pg_relation_size(c.oid) AS size_bytes
    FROM pg_catalog.pg_class AS c
    WHERE (c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace) AND (c.relkind IN ('r', 'p'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE (e.objid = c.oid) AND (e.deptype = 'e'))
),
columns AS (
    SELECT attrelid, attnum, attname::text AS name, attidentity, atthasdef FROM pg_catalog.pg_attribute WHERE (attnum > 0) AND (NOT attisdropped)
),
keys AS (
    SELECT
        k.conname::text AS name,
        coalesce(child.name, k.conrelid::pg_catalog.regclass::text) AS "table",
        (SELECT jsonb_agg(c.name ORDER BY p.place) FROM unnest(k.conkey) WITH ORDINALITY AS p (number, place)
            JOIN columns AS c ON (c.attrelid = k.conrelid) AND (c.attnum = p.number)) AS columns,
        coalesce(parent.name, k.confrelid::pg_catalog.regclass::text) AS parent,
        (SELECT jsonb_agg(c.name ORDER BY p.place) FROM unnest(k.confkey) WITH ORDINALITY AS p (number, place)
            JOIN columns AS c ON (c.attrelid = k.confrelid) AND (c.attnum = p.number)) AS parent_columns,
        pg_catalog.pg_get_constraintdef(k.oid) AS definition,
        (SELECT coalesce(jsonb_agg(c.name ORDER BY c.name), '[]') FROM columns AS c
            WHERE (c.attrelid = k.conrelid) AND (
                ((k.confdeltype IN ('n', 'd')) AND (c.attnum = ANY (coalesce(k.confdelsetcols, k.conkey))))
                OR ((k.confupdtype IN ('n', 'd', 'c')) AND (c.attnum = ANY (k.conkey)))
            )) AS writes
    FROM pg_catalog.pg_constraint AS k
    LEFT JOIN tables AS child ON child.oid = k.conrelid
    LEFT JOIN tables AS parent ON parent.oid = k.confrelid
    WHERE (k.contype = 'f') AND (k.conparentid = 0) AND ((child.oid IS NOT NULL) OR (parent.oid IS NOT NULL))
),
uniques AS (
    SELECT i.relname::text AS name, t.name AS "table",
        (SELECT coalesce(jsonb_agg(c.name ORDER BY p.place), '[]') FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS p (number, place)
            JOIN columns AS c ON (c.attrelid = t.oid) AND (c.attnum = p.number) WHERE p.place <= x.indnkeyatts) AS columns
    FROM tables AS t
    JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid
    JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indisunique OR x.indisexclusion
),
triggers AS (
    SELECT g.tgname::text AS name, t.name AS "table", p.proname::text AS function, pg_catalog.pg_get_triggerdef(g.oid) AS definition
    FROM tables AS t
    JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
    JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
    WHERE NOT g.tgisinternal
),
names AS (
    SELECT t.name AS "table", k.conname::text AS name FROM tables AS t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
    WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION
    SELECT t.name, i.relname::text FROM tables AS t JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid
    JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
    UNION
    SELECT "table", name FROM triggers
    UNION
    SELECT name, name FROM tables
),
functions AS (
    SELECT p.oid::pg_catalog.regprocedure::text AS signature, pg_catalog.pg_get_functiondef(p.oid) AS definition
    FROM pg_catalog.pg_proc AS p
    WHERE (p.pronamespace = pg_catalog.current_schema()::pg_catalog.regnamespace) AND (p.prokind = 'f')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE (e.objid = p.oid) AND (e.deptype = 'e'))
)
SELECT jsonb_build_object(
    'tables', (SELECT coalesce(jsonb_agg(name ORDER BY name), '[]') FROM tables),
    'keys', (SELECT coalesce(jsonb_agg(to_jsonb(keys) ORDER BY "table", name), '[]') FROM keys),
    'unique', (SELECT coalesce(jsonb_agg(to_jsonb(uniques) ORDER BY "table", name), '[]') FROM uniques),
    'names', (SELECT coalesce(jsonb_agg(jsonb_build_array("table", name) ORDER BY "table", name), '[]') FROM names),
    'triggers', (SELECT coalesce(jsonb_agg(to_jsonb(triggers) ORDER BY "table", name), '[]') FROM triggers),
    'identities', (SELECT coalesce(jsonb_agg(jsonb_build_array(t.name, c.name) ORDER BY t.name, c.name), '[]')
        FROM tables AS t JOIN columns AS c ON c.attrelid = t.oid
        WHERE (c.attidentity <> '') OR (pg_catalog.pg_get_serial_sequence(t.oid::pg_catalog.regclass::text, c.name) IS NOT NULL)),
    -- A table that was never analysed has no estimate: a row takes about 200 bytes.
    'rows', (SELECT coalesce(jsonb_agg(jsonb_build_array(name, greatest(estimate, size_bytes / 1000)) ORDER BY name), '[]') FROM tables),
    'functions', (SELECT coalesce(jsonb_agg(jsonb_build_array(signature,
        replace(definition, quote_ident(pg_catalog.current_schema()) || '.', '')) ORDER BY signature), '[]') FROM functions)
)
