-- One check: which of the resources that could not be read stand in its population. A problem of such a resource concerns
-- that resource alone; any other may concern every row of its scope.

UPDATE stage_problem AS q
SET in_population = TRUE
WHERE q.check_id = '{{check_id}}'
    AND q.resource_id IS NOT NULL
    AND EXISTS (
        SELECT 1 FROM facts.{{population}} AS p WHERE p.tenant_id = q.tenant_id AND p.resource_id = q.resource_id
    );
