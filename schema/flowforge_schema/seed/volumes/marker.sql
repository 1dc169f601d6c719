-- What the volume of this database was begun with; no row where there is none.
SELECT workflow.settings -> 'volume'
FROM public.workflows AS workflow
WHERE workflow.name = 'Volume workflow 000000' AND workflow.settings ? 'volume'
