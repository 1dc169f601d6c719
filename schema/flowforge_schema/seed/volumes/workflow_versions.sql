-- Every version of every workflow, published. Where triggers are on, its row came with its workflow or with its first step.
INSERT INTO public.workflow_versions (workflow_id, version, published_at)
SELECT
    workflow.id,
    version.version,
    pg_temp.moment((extract(epoch FROM workflow.created_at) * 1000000)::bigint + version.version * 60000000 + 1000000)
FROM public.workflows AS workflow
CROSS JOIN LATERAL generate_series(1, workflow.version) AS version (version)
WHERE workflow.name LIKE 'Volume workflow %%'
ORDER BY workflow.id, version.version
ON CONFLICT (workflow_id, version) DO UPDATE SET published_at = excluded.published_at
