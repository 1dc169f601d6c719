-- Every version is published; its row came with its workflow or with its first step.
UPDATE public.workflow_versions AS named
SET published_at = pg_temp.moment((extract(epoch FROM workflow.created_at) * 1000000)::bigint + named.version * 60000000 + 1000000)
FROM public.workflows AS workflow
WHERE workflow.id = named.workflow_id AND workflow.name LIKE 'Volume workflow %%' AND named.published_at IS NULL
