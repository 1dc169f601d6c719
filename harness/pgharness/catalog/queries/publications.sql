-- publications
-- Publications, and each table or schema in one.
-- only where EXISTS (SELECT FROM pg_publication)
SELECT 'pg_publication'::regclass, p.oid, 0, NULL, NULL, 'publication', quote_ident(p.pubname), fact.property, fact.value
FROM pg_publication p
JOIN role ON role.oid = p.pubowner
CROSS JOIN LATERAL (VALUES
    ('exists', 'publication'),
    ('owner', role.unusual_name),
    ('all tables', CASE WHEN p.puballtables THEN 'true' END),
    ('publish', CASE WHEN NOT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate) THEN
        concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                  CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) END),
    ('publish_via_partition_root', CASE WHEN p.pubviaroot THEN 'true' END),
    ('publish_generated_columns', CASE p.pubgencols WHEN 's' THEN 'stored' END)
) fact(property, value)
WHERE fact.value IS NOT NULL
UNION ALL
SELECT 'pg_publication_rel'::regclass, pr.oid, 0, 'pg_class'::regclass, r.oid,
       'publication table', r.name || ' in publication ' || quote_ident(p.pubname), fact.property, fact.value
FROM pg_publication_rel pr
JOIN pg_publication p ON p.oid = pr.prpubid
JOIN relation r ON r.oid = pr.prrelid
CROSS JOIN LATERAL (VALUES
    ('exists', 'publication table'),
    ('where', pg_get_expr(pr.prqual, pr.prrelid)),
    ('columns', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = pr.prrelid AND a.attnum = ANY (pr.prattrs::smallint[])))
) fact(property, value)
WHERE fact.value IS NOT NULL
UNION ALL
SELECT 'pg_publication_namespace'::regclass, pn.oid, 0, 'pg_namespace'::regclass, schema.oid,
       'publication schema', schema.name || ' in publication ' || quote_ident(p.pubname), 'exists', 'publication schema'
FROM pg_publication_namespace pn
JOIN pg_publication p ON p.oid = pn.pnpubid
JOIN schema ON schema.oid = pn.pnnspid
