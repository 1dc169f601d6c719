-- foreign keys
-- Each foreign key of user schemas: its tables and columns as PostgreSQL quotes them, and what a delete does. Left out: those of
-- a partition that it has from the whole table, and temporal ones, which compare with more than equality.
SELECT con.conname AS name,
       con.conrelid::regclass::text AS child,
       con.confrelid::regclass::text AS parent,
       con.confdeltype::text AS on_delete,
       child.relkind = 'p' AS is_partitioned,
       array_agg(quote_ident(referring.attname) ORDER BY key.place) AS child_columns,
       array_agg(quote_ident(referenced.attname) ORDER BY key.place) AS parent_columns
FROM pg_constraint con
JOIN pg_class child ON child.oid = con.conrelid
JOIN pg_namespace schema ON schema.oid = child.relnamespace
CROSS JOIN LATERAL unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS key(child, parent, operator, place)
JOIN pg_attribute referring ON referring.attrelid = con.conrelid AND referring.attnum = key.child
JOIN pg_attribute referenced ON referenced.attrelid = con.confrelid AND referenced.attnum = key.parent
JOIN pg_operator equality ON equality.oid = key.operator
WHERE con.contype = 'f' AND con.conparentid = 0 AND schema.nspname !~ '^pg_' AND schema.nspname <> 'information_schema'
GROUP BY con.oid, con.conname, con.conrelid, con.confrelid, con.confdeltype, child.relkind
HAVING bool_and(equality.oprname = '=')
ORDER BY con.conrelid::regclass::text, con.conname
