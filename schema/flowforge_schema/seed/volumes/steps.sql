-- The steps of every version of every workflow: two or three at first, one more in each later version.
INSERT INTO public.workflow_steps (
    id, workflow_id, workflow_version, key, name, step_type, position, depends_on, config, max_attempts, timeout_seconds,
    created_at, updated_at
)
SELECT
    pg_temp.uuid7(made.at_us, numbered.number * 100 + version.version * 10 + kind.position, 401),
    workflow.id,
    version.version,
    kind.key,
    initcap(kind.key),
    kind.step_type,
    kind.position - 1,
    array_remove(ARRAY[lag(kind.key) OVER (PARTITION BY workflow.id, version.version ORDER BY kind.position)], NULL),
    jsonb_build_object('connection', 'system-' || mod(numbered.number, 25), 'batch_size', 100 * kind.position),
    3,
    60 * kind.position,
    pg_temp.moment(made.at_us),
    pg_temp.moment(made.at_us)
FROM public.workflows AS workflow
CROSS JOIN LATERAL (SELECT substring(workflow.name FROM '[0-9]+$')::bigint AS number) AS numbered
CROSS JOIN LATERAL generate_series(1, workflow.version) AS version (version)
CROSS JOIN LATERAL (
    VALUES
        (1, 'fetch', 'http'),
        (2, 'transform', 'script'),
        (3, 'validate', 'script'),
        (4, 'store', 'sql'),
        (5, 'notify', 'email')
) AS kind (position, key, step_type)
CROSS JOIN LATERAL (
    SELECT (extract(epoch FROM workflow.created_at) * 1000000)::bigint + version.version * 60000000 + kind.position
) AS made (at_us)
WHERE workflow.name LIKE 'Volume workflow %%'
    AND kind.position <= 1 + version.version + floor(pg_temp.chance(numbered.number, 402) * 2)
ORDER BY numbered.number, version.version, kind.position
