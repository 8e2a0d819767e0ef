-- One check, all tenants. The engine fills in the names in double braces: from the check's header, and the check's own
-- SELECT as the answer. Every applicable row of the population gets exactly one row; where nobody answered, its status
-- is NULL until no_answer.sql has been at it.

INSERT INTO stage_verdict (tenant_id, check_id, connection_id, scope, resource_id, status, reason, evidence_sha256)
SELECT
    p.tenant_id,
    '{{check_id}}',
    p.connection_id,
    p.scope,
    p.resource_id,
    CASE WHEN p.unreadable IS NOT NULL THEN 'UNKNOWN' WHEN p.applies THEN a.status END,
    CASE WHEN p.unreadable IS NOT NULL THEN 'quarantined' ELSE a.reason END,
    p.evidence_sha256
FROM (
    SELECT f.tenant_id, f.connection_id, f.scope, f.resource_id, f.evidence_sha256, f.unreadable,
        ({{applies_to}}) AS applies
    FROM facts.{{population}} AS f
) AS p
LEFT JOIN ({{check_sql}}) AS a ON a.tenant_id = p.tenant_id AND a.resource_id = p.resource_id
WHERE p.applies IS NOT FALSE;
