-- The people of a volume: two in three sign in with a password, some have left.
INSERT INTO public.users (
    id, email, display_name, password_hash, is_active, email_verified_at, last_login_at, created_at, updated_at
)
SELECT
    pg_temp.uuid7(made.at_us, person.number, 101),
    'person-' || lpad(person.number::text, 6, '0') || '@volume.flowforge.example',
    'Person ' || person.number,
    CASE WHEN pg_temp.chance(person.number, 102) < 0.67 THEN '!seed: nobody signs in with this' END,
    pg_temp.chance(person.number, 103) < 0.95,
    pg_temp.moment(made.at_us + 60000000),
    pg_temp.moment(%(anchor_us)s::bigint - (pg_temp.chance(person.number, 104) * 30 * 86400000000)::bigint),
    pg_temp.moment(made.at_us),
    pg_temp.moment(made.at_us + 60000000)
FROM generate_series(0::bigint, %(users)s::bigint - 1) AS person (number)
CROSS JOIN LATERAL (
    SELECT %(founded_us)s::bigint + person.number * %(year_us)s::bigint / %(users)s::bigint
) AS made (at_us)
ORDER BY person.number
