/*
id: AWS-VUL-002
title: Critical and high vulnerabilities are fixed or accepted within the SLA
severity: high
resource_type: aws.inspector.finding
population: aws_weakness
applies_to: "is_judged"
streams: [aws.inspector_finding, aws.region, aws.inspector_status]
freshness_hours: 36
policy: [critical_weakness_days, high_weakness_days]
unknown_when: >-
  Findings, Inspector's status or regions were not read, or Inspector is not on in the region: then that there is
  no finding proves nothing.
criteria:
  soc2: [CC7.1]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-01, PR.PS-02]
  hipaa: ["164.308(a)(1)(ii)(B)"]
  pci_dss: ["6.3.3"]
remediation: >-
  Update the package or rebuild the image; where the risk is accepted, suppress the finding with a rule that says
  why.
*/
WITH weakness AS (
    SELECT
        f.*,
        CASE WHEN f.severity = 'CRITICAL' THEN p.critical_weakness_days ELSE p.high_weakness_days END AS days,
        s.tenant_id IS NOT NULL AS is_watched
    FROM facts.aws_weakness AS f
    JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
    LEFT JOIN facts.aws_inspector_status AS s
        ON s.tenant_id = f.tenant_id AND s.connection_id = f.connection_id AND s.scope = f.scope
        AND s.status = 'ENABLED'
)

SELECT
    f.tenant_id,
    f.resource_id,
    CASE
        WHEN f.kind = 'region' THEN CASE WHEN f.is_watched THEN 'PASS' ELSE 'UNKNOWN' END
        WHEN f.status = 'ACTIVE' AND f.found_at < c.as_of - f.days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN f.kind = 'region' THEN
            CASE WHEN f.is_watched THEN 'every finding is judged by itself' ELSE 'depends_on_unknown' END
        WHEN f.status = 'CLOSED' THEN 'the weakness is fixed'
        WHEN f.status = 'SUPPRESSED' THEN 'the weakness was accepted'
        WHEN f.found_at < c.as_of - f.days * INTERVAL '1 day'
        THEN 'open since ' || CAST(CAST(f.found_at AS DATE) AS VARCHAR) || ', longer than ' || f.days || ' days: '
            || coalesce(f.weakness, 'a weakness without a title')
        ELSE 'open since ' || CAST(CAST(f.found_at AS DATE) AS VARCHAR)
    END AS reason
FROM weakness AS f
CROSS JOIN ops.clock AS c
