/*
id: KSM-001
title: Each scheduled collection ran to the end for every tenant, account, region and endpoint
severity: critical
resource_type: kushim.collection
population: kushim_unit
streams: [kushim.tenant]
freshness_hours: 36
unknown_when: Never. A collection that is expected and has no receipt is FAIL.
criteria:
  soc2: [CC4.1, PI1.2]
  iso27001: [A.5.36]
  nist_csf: [ID.IM-03]
  hipaa: ["164.308(a)(8)"]
  pci_dss: ["10.7.2"]
remediation: >-
  Look up what went wrong with kushim receipts, give the connection the permission it lacks or wait until the source
  answers again, and collect the tenant again.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN outcome = 'complete' AND (planned_at IS NULL OR finished_at >= planned_at) THEN 'PASS' ELSE 'FAIL'
    END AS status,
    CASE
        WHEN outcome IS NULL THEN 'it was never collected'
        WHEN finished_at < planned_at THEN 'the last collection was cut off: it began and left no receipt'
        WHEN outcome = 'complete' THEN 'the last collection ran to the end'
        WHEN outcome = 'partial' THEN 'the last collection read a part only'
        WHEN outcome = 'denied' THEN 'the last collection was denied'
        WHEN outcome = 'failed' THEN 'the last collection failed'
        ELSE 'the last collection ended in a way that is not known'
    END AS reason
FROM facts.kushim_unit
