-- What a batch of runs needs to know of each version of each workflow, in one row, for this session only.
CREATE TEMPORARY TABLE volume_versions AS
SELECT
    substring(workflow.name FROM '[0-9]+$')::bigint AS workflow_number,
    step.workflow_version,
    workflow.id AS workflow_id,
    workflow.owner_id,
    workflow.version AS current_version,
    count(*)::integer AS step_count,
    array_agg(step.id ORDER BY step.position) AS step_ids,
    array_agg(step.key ORDER BY step.position) AS step_keys
FROM public.workflows AS workflow
JOIN public.workflow_steps AS step ON step.workflow_id = workflow.id
WHERE workflow.name LIKE 'Volume workflow %'
GROUP BY workflow.id, step.workflow_version;

ANALYZE volume_versions
