/*
id: AWS-DET-001
title: GuardDuty is enabled in every in-scope account and region
severity: high
resource_type: aws.region
population: aws_region
applies_to: "is_opted_in"
streams: [aws.region, aws.guardduty_detector]
freshness_hours: 36
unknown_when: Regions were not read, or the detectors of the region were not.
criteria:
  soc2: [CC6.8, CC7.1, CC7.2]
  iso27001: [A.8.7, A.8.16]
  nist_csf: [DE.CM-01, DE.CM-09]
  hipaa: ["164.308(a)(1)(ii)(D)", "164.308(a)(5)(ii)(B)"]
  pci_dss: ["11.5.1"]
remediation: Enable GuardDuty in the region, best for all accounts from the delegated administrator.
*/
WITH region AS (
    SELECT g.tenant_id, g.connection_id, g.scope, bool_or(g.status = 'ENABLED') AS is_enabled
    FROM facts.aws_guardduty_detector AS g
    GROUP BY g.tenant_id, g.connection_id, g.scope
)

SELECT
    r.tenant_id,
    r.resource_id,
    CASE WHEN g.is_enabled THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN g.is_enabled THEN 'a detector is enabled'
        WHEN g.tenant_id IS NULL THEN 'the region has no detector'
        ELSE 'the detector is suspended'
    END AS reason
FROM facts.aws_region AS r
LEFT JOIN region AS g
    ON g.tenant_id = r.tenant_id AND g.connection_id = r.connection_id AND g.scope = r.region_name
