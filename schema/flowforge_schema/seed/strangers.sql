-- How many users, and how many runs, are neither of the story nor of a volume; counting ends one above what is tolerated.
WITH strange_user AS (
    SELECT person.id
    FROM public.users AS person
    WHERE person.id::text NOT LIKE :seed_ids AND person.email NOT LIKE 'person-%@volume.flowforge.example'
    LIMIT :most_users + 1
),
-- With a column, although it is not read: a distributed database cannot do without.
strange_run AS (
    SELECT run.id
    FROM public.workflows AS workflow
    JOIN public.workflow_runs AS run ON run.workflow_id = workflow.id
    WHERE workflow.id::text NOT LIKE :seed_ids AND workflow.name NOT LIKE 'Volume workflow %'
    LIMIT :most_runs + 1
)
SELECT (SELECT count(*) FROM strange_user) AS users, (SELECT count(*) FROM strange_run) AS runs
