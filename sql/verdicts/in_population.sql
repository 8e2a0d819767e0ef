-- One check: which of the resources that could not be read stand in its population. A problem of such a resource concerns
-- that resource alone; any other may concern every row of its scope. A resource that the population's own list names,
-- though its record could not be taken in, stands in it too.

UPDATE stage_problem AS q
SET in_population = TRUE
WHERE q.check_id = '{{check_id}}'
    AND q.resource_id IS NOT NULL
    AND (
        EXISTS (
            SELECT 1 FROM facts.{{population}} AS p WHERE p.tenant_id = q.tenant_id AND p.resource_id = q.resource_id
        )
        OR (
            NOT q.is_population
            AND EXISTS (
                SELECT 1
                FROM stage_problem AS o
                WHERE o.check_id = q.check_id
                    AND o.tenant_id = q.tenant_id
                    AND o.connection_id = q.connection_id
                    AND o.resource_id = q.resource_id
                    AND o.is_population
            )
        )
    );
