/*
id: KSM-002
title: Evidence is younger than its control's freshness limit
severity: high
resource_type: kushim.collection
population: kushim_unit
applies_to: freshness_hours IS NOT NULL
streams: [kushim.tenant]
freshness_hours: 36
unknown_when: Never. Evidence that was never collected is FAIL. Streams that no check needs have no limit.
criteria:
  soc2: [CC4.1]
  iso27001: [A.5.36]
  nist_csf: [ID.IM-03]
remediation: Collect the tenant again, and see to it that the schedule runs at least as often as the limit asks.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN evidence_at IS NOT NULL AND age_hours <= freshness_hours THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN evidence_at IS NULL THEN 'no evidence was ever collected'
        WHEN age_hours <= freshness_hours THEN 'the evidence is younger than ' || freshness_hours || ' hours'
        ELSE 'the evidence is older than the limit of ' || freshness_hours || ' hours'
    END AS reason
FROM facts.kushim_unit
