-- A FAIL under an approved exception that has not ended is EXCEPTED: never PASS, and FAIL again on the day after.

UPDATE stage_verdict AS s
SET status = 'EXCEPTED', reason = 'exception ' || x.resource_id || ', approved by ' || x.approved_by || ' until ' || x.until
FROM facts.kushim_exception AS x
CROSS JOIN ops.clock AS c
WHERE s.status = 'FAIL'
    AND x.tenant_id = s.tenant_id
    AND x.check_id = s.check_id
    AND x.excepted_resource = s.resource_id
    AND x.unreadable IS NULL
    AND c.as_of < x.ends_at;
