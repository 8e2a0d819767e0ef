/*
id: AWS-IAM-013
title: External-access findings are resolved or accepted within the SLA
severity: high
resource_type: aws.access_analyzer.finding
population: aws_external_access
applies_to: "is_judged"
streams: [aws.access_analyzer_finding, aws.region, aws.access_analyzer]
freshness_hours: 36
policy: [external_access_days]
unknown_when: >-
  Findings, analyzers or regions were not read, or no analyzer covers the region: then that there is no finding
  proves nothing.
criteria:
  soc2: [CC6.1, CC6.3]
  iso27001: [A.5.15, A.8.3]
  nist_csf: [PR.AA-05, ID.RA-06]
  hipaa: ["164.308(a)(4)(ii)(C)"]
  pci_dss: ["7.2.1"]
remediation: Take the access away, or archive the finding with the reason why the access is meant.
*/
WITH region AS (
    SELECT DISTINCT a.tenant_id, a.connection_id, a.scope
    FROM facts.aws_access_analyzer AS a
    WHERE a.status = 'ACTIVE' AND a.analyzer_type IN ('ACCOUNT', 'ORGANIZATION')
)

SELECT
    f.tenant_id,
    f.resource_id,
    CASE
        WHEN f.kind = 'region' THEN CASE WHEN g.tenant_id IS NULL THEN 'UNKNOWN' ELSE 'PASS' END
        WHEN f.status = 'ACTIVE' AND f.found_at < c.as_of - p.external_access_days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN f.kind = 'region' THEN
            CASE WHEN g.tenant_id IS NULL THEN 'depends_on_unknown' ELSE 'every finding is judged by itself' END
        WHEN f.status = 'RESOLVED' THEN 'the access is gone'
        WHEN f.status = 'ARCHIVED' THEN 'the access was accepted'
        WHEN f.found_at < c.as_of - p.external_access_days * INTERVAL '1 day'
        THEN 'open since ' || CAST(CAST(f.found_at AS DATE) AS VARCHAR) || ', longer than ' || p.external_access_days
            || ' days: ' || coalesce(f.found_resource, 'a resource without a name')
        ELSE 'open since ' || CAST(CAST(f.found_at AS DATE) AS VARCHAR)
    END AS reason
FROM facts.aws_external_access AS f
JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
CROSS JOIN ops.clock AS c
LEFT JOIN region AS g ON g.tenant_id = f.tenant_id AND g.connection_id = f.connection_id AND g.scope = f.scope
