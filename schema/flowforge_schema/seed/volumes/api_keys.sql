-- Two keys a person: one in ten has expired, one in ten is revoked; nobody knows the keys behind the hashes.
INSERT INTO public.api_keys (
    id, user_id, name, prefix, key_hash, scopes, expires_at, last_used_at, revoked_at, created_at, updated_at
)
SELECT
    pg_temp.uuid7(made.at_us, key.number, 201),
    person.id,
    CASE mod(key.number, 2) WHEN 0 THEN 'laptop' ELSE 'deployment' END,
    'volume_' || lpad(key.number::text, 9, '0'),
    sha256(convert_to('volume key ' || key.number, 'UTF8')),
    CASE mod(key.number, 2) WHEN 0 THEN ARRAY['workflows:read'] ELSE ARRAY['workflows:read', 'runs:write'] END,
    CASE WHEN pg_temp.chance(key.number, 202) < 0.1 THEN pg_temp.moment(%(anchor_us)s::bigint - 86400000000) END,
    pg_temp.moment(%(anchor_us)s::bigint - (pg_temp.chance(key.number, 203) * 90 * 86400000000)::bigint),
    CASE WHEN pg_temp.chance(key.number, 204) < 0.1 THEN pg_temp.moment(%(anchor_us)s::bigint - 3600000000) END,
    pg_temp.moment(made.at_us),
    pg_temp.moment(made.at_us)
FROM public.users AS person
CROSS JOIN LATERAL (SELECT substring(person.email FROM 'person-([0-9]+)@')::bigint AS number) AS numbered
CROSS JOIN LATERAL generate_series(numbered.number * 2, numbered.number * 2 + 1) AS key (number)
CROSS JOIN LATERAL (
    SELECT (extract(epoch FROM person.created_at) * 1000000)::bigint + 1000000 + mod(key.number, 2)
) AS made (at_us)
WHERE person.email LIKE 'person-%%@volume.flowforge.example'
ORDER BY key.number
