-- Workflows: a few owners have most of them, one in twenty is archived, each is at version 1 to 3. The settings of number 0
-- keep what the volume was made with, so that a later call goes on with the same.
INSERT INTO public.workflows (
    id, owner_id, name, description, is_enabled, version, settings, archived_at, lock_version, created_at, updated_at
)
SELECT
    pg_temp.uuid7(made.at_us, workflow.number, 301),
    pg_temp.uuid7(owner.made_us, owner.number, 101),
    'Volume workflow ' || lpad(workflow.number::text, 6, '0'),
    CASE
        WHEN pg_temp.chance(workflow.number, 302) < 0.8
            THEN 'Moves the data of department ' || mod(workflow.number, 40) || '.'
    END,
    pg_temp.chance(workflow.number, 303) < 0.9,
    1 + floor(pg_temp.chance(workflow.number, 304) * 3)::integer,
    CASE workflow.number
        WHEN 0 THEN jsonb_build_object('volume', %(marker)s::jsonb)
        ELSE jsonb_build_object('priority', mod(workflow.number, 5), 'notify', mod(workflow.number, 3) = 0)
    END,
    -- The hot ones have low numbers and stay.
    CASE
        WHEN workflow.number >= %(workflows)s::bigint / 2 AND pg_temp.chance(workflow.number, 305) < 0.1
            THEN pg_temp.moment(%(anchor_us)s::bigint - (pg_temp.chance(workflow.number, 306) * 3600000000)::bigint)
    END,
    1 + floor(pg_temp.chance(workflow.number, 307) * 6)::integer,
    pg_temp.moment(made.at_us),
    pg_temp.moment(made.at_us)
FROM generate_series(0::bigint, %(workflows)s::bigint - 1) AS workflow (number)
CROSS JOIN LATERAL (
    SELECT %(founded_us)s::bigint + %(year_us)s::bigint + workflow.number * %(year_us)s::bigint / %(workflows)s::bigint
) AS made (at_us)
CROSS JOIN LATERAL (
    SELECT floor(%(users)s::bigint * pg_temp.chance(workflow.number, 308) ^ 2)::bigint
) AS owned (number)
CROSS JOIN LATERAL (
    SELECT owned.number, %(founded_us)s::bigint + owned.number * %(year_us)s::bigint / %(users)s::bigint
) AS owner (number, made_us)
ORDER BY workflow.number
