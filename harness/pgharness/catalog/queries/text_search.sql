-- text_search
-- Text search parsers, templates, dictionaries and configurations with their mappings.
-- only where EXISTS (SELECT FROM pg_ts_parser WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_ts_template WHERE oid >= 16384)
--    OR EXISTS (SELECT FROM pg_ts_dict WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_ts_config WHERE oid >= 16384)
SELECT 'pg_ts_parser'::regclass, p.oid, 0, NULL, NULL,
       'text search parser', schema.name || '.' || quote_ident(p.prsname), fact.property, fact.value
FROM pg_ts_parser p JOIN schema ON schema.oid = p.prsnamespace
CROSS JOIN LATERAL (VALUES
    ('exists', 'text search parser'), ('start', p.prsstart::text), ('gettoken', p.prstoken::text), ('end', p.prsend::text),
    ('lextypes', p.prslextype::text), ('headline', CASE WHEN p.prsheadline <> 0 THEN p.prsheadline::text END)
) fact(property, value)
WHERE p.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_ts_template'::regclass, t.oid, 0, NULL, NULL,
       'text search template', schema.name || '.' || quote_ident(t.tmplname), fact.property, fact.value
FROM pg_ts_template t JOIN schema ON schema.oid = t.tmplnamespace
CROSS JOIN LATERAL (VALUES
    ('exists', 'text search template'), ('init', CASE WHEN t.tmplinit <> 0 THEN t.tmplinit::text END),
    ('lexize', t.tmpllexize::text)
) fact(property, value)
WHERE t.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_ts_dict'::regclass, d.oid, 0, NULL, NULL,
       'text search dictionary', schema.name || '.' || quote_ident(d.dictname), fact.property, fact.value
FROM pg_ts_dict d JOIN schema ON schema.oid = d.dictnamespace
JOIN role ON role.oid = d.dictowner
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace template_schema ON template_schema.oid = t.tmplnamespace
CROSS JOIN LATERAL (VALUES
    ('exists', 'text search dictionary'), ('owner', role.unusual_name),
    ('template', quote_ident(template_schema.nspname) || '.' || quote_ident(t.tmplname)), ('options', d.dictinitoption)
) fact(property, value)
WHERE d.oid >= 16384 AND fact.value IS NOT NULL
UNION ALL
SELECT 'pg_ts_config'::regclass, c.oid, 0, NULL, NULL,
       'text search configuration', schema.name || '.' || quote_ident(c.cfgname), fact.property, fact.value
FROM pg_ts_config c JOIN schema ON schema.oid = c.cfgnamespace
JOIN role ON role.oid = c.cfgowner
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace parser_schema ON parser_schema.oid = p.prsnamespace
CROSS JOIN LATERAL (
    VALUES
        ('exists', 'text search configuration'), ('owner', role.unusual_name),
        ('parser', quote_ident(parser_schema.nspname) || '.' || quote_ident(p.prsname))
    UNION ALL
    SELECT 'mapping ' || token.alias, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)
    FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) token ON token.tokid = m.maptokentype
    WHERE m.mapcfg = c.oid
    GROUP BY token.alias
) fact(property, value)
WHERE c.oid >= 16384 AND fact.value IS NOT NULL
