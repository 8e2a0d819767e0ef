/*
id: KSM-002
title: Evidence is younger than its control's freshness limit
severity: high
resource_type: kushim.collection
population: kushim_unit
applies_to: stream IN (SELECT s.stream FROM catalogue.check_stream AS s)
streams: [kushim.tenant]
freshness_hours: 36
unknown_when: Never. Evidence that was never collected is FAIL. Streams that no check needs have no limit.
criteria:
  soc2: [CC4.1]
  iso27001: [A.5.36]
  nist_csf: [ID.IM-03]
remediation: Collect the tenant again, and see to it that the schedule runs at least as often as the limit asks.
*/
WITH needed AS (
    SELECT stream, min(freshness_hours) AS freshness_hours
    FROM catalogue.check_stream
    GROUP BY stream
)

SELECT
    u.tenant_id,
    u.resource_id,
    CASE WHEN u.evidence_at IS NOT NULL AND u.age_hours <= n.freshness_hours THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN u.evidence_at IS NULL THEN 'no evidence was ever collected'
        WHEN u.age_hours <= n.freshness_hours THEN 'the evidence is younger than ' || n.freshness_hours || ' hours'
        ELSE 'the evidence is older than the limit of ' || n.freshness_hours || ' hours'
    END AS reason
FROM facts.kushim_unit AS u
JOIN needed AS n ON n.stream = u.stream
