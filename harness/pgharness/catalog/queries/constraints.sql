-- constraints
-- Table constraints as PostgreSQL prints them. Left out: NOT NULL (told with its column), constraint triggers (told as
-- triggers), and what a partition or a child has only because its parent has it.
SELECT 'pg_constraint'::regclass, con.oid, 0, 'pg_class'::regclass, r.oid,
       'constraint', r.name || '.' || quote_ident(con.conname), '*', to_json(ARRAY[
           'exists', CASE con.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key'
                                       WHEN 'u' THEN 'unique' ELSE 'exclusion' END,
           'definition', pg_get_constraintdef(con.oid),
           'inherited', CASE WHEN con.contype = 'c' AND con.coninhcount > 0 THEN 'merged' END,
           'validated', CASE WHEN NOT con.convalidated AND con.conenforced THEN 'false' END,
           'enforced', CASE WHEN NOT con.conenforced THEN 'false' END,
           'shape', CASE WHEN con.contype = 'f' THEN concat_ws('|', con.conperiod, con.confmatchtype, con.confupdtype, con.confdeltype,
               con.condeferrable, con.condeferred, array_to_string(con.conkey, ' '), array_to_string(con.confkey, ' '), con.confrelid::regclass) END
       ])::text
FROM relation r
JOIN pg_constraint con ON con.conrelid = r.oid
WHERE con.contype IN ('c', 'f', 'p', 'u', 'x')
  AND (con.contype <> 'f' OR con.conparentid = 0)
  AND (con.contype <> 'c' OR con.conislocal)
