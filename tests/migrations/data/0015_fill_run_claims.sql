-- A run that was picked up before there were claims.
-- before
INSERT INTO workflow_runs (id, workflow_id, workflow_version, status, started_at)
SELECT '00000000-0000-7000-8000-000000000c1a', id, version, 'running', now()
FROM workflows
ORDER BY id
LIMIT 1;
-- after_upgrade
SELECT held_by = 'before claims' AND leased_until > now()
FROM workflow_run_claims
WHERE run_id = '00000000-0000-7000-8000-000000000c1a';
