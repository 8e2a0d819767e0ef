/*
id: AWS-DET-002
title: High-severity threat findings are triaged within the SLA
# GuardDuty does not say when a finding was archived; one that is archived counts as dealt with in time.
severity: high
resource_type: aws.guardduty.finding
population: aws_threat
applies_to: "is_judged"
streams: [aws.guardduty_finding, aws.region, aws.guardduty_detector]
freshness_hours: 36
policy: [threat_triage_days, threat_min_severity]
unknown_when: >-
  Findings, detectors or regions were not read, or GuardDuty is not on in the region: then that there is no
  finding proves nothing.
criteria:
  soc2: [CC7.3, CC7.4]
  iso27001: [A.5.25, A.5.26]
  nist_csf: [DE.AE-02, RS.MA-02]
  hipaa: ["164.308(a)(6)(ii)"]
  pci_dss: ["12.10.5"]
remediation: Look into the finding, handle the incident, and archive the finding when that is done.
*/
WITH region AS (
    SELECT DISTINCT d.tenant_id, d.connection_id, d.scope
    FROM facts.aws_guardduty_detector AS d
    WHERE d.status = 'ENABLED'
)

SELECT
    f.tenant_id,
    f.resource_id,
    CASE
        WHEN f.kind = 'region' THEN CASE WHEN g.tenant_id IS NULL THEN 'UNKNOWN' ELSE 'PASS' END
        WHEN NOT f.is_archived AND f.found_at < c.as_of - p.threat_triage_days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN f.kind = 'region' THEN
            CASE WHEN g.tenant_id IS NULL THEN 'depends_on_unknown' ELSE 'every finding is judged by itself' END
        WHEN f.is_archived THEN 'the finding was dealt with and archived'
        WHEN f.found_at < c.as_of - p.threat_triage_days * INTERVAL '1 day'
        THEN coalesce(f.threat_type, 'a finding') || ' has been open since '
            || CAST(CAST(f.found_at AS DATE) AS VARCHAR) || ', longer than ' || p.threat_triage_days || ' days'
        ELSE 'open since ' || CAST(CAST(f.found_at AS DATE) AS VARCHAR)
    END AS reason
FROM facts.aws_threat AS f
JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
CROSS JOIN ops.clock AS c
LEFT JOIN region AS g ON g.tenant_id = f.tenant_id AND g.connection_id = f.connection_id AND g.scope = f.scope
