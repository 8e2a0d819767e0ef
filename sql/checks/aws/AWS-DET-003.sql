/*
id: AWS-DET-003
title: Security Hub CSPM runs at least one approved standard
# In every region that the account can use, since a standard looks at its own region alone.
severity: low
resource_type: aws.account
population: aws_account
streams: [aws.account, aws.region, aws.securityhub_standard]
freshness_hours: 36
policy: [approved_security_standards]
unknown_when: >-
  Accounts or regions were not read, or the standards of a region were not. AWS's answer that the account is not
  subscribed there is an observation, and a failure; a denied call is not.
criteria:
  soc2: [CC4.1, CC7.1]
  iso27001: [A.5.36]
  nist_csf: [ID.RA-01]
  hipaa: ["164.308(a)(8)"]
remediation: Enable Security Hub CSPM with an approved standard in every region, best by central configuration.
*/
WITH standard AS (
    SELECT DISTINCT s.tenant_id, s.connection_id, s.scope
    FROM facts.aws_securityhub_standard AS s
    JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
    WHERE s.status IN ('READY', 'INCOMPLETE') AND json_holds(p.approved_security_standards, s.standard_name)
),

account AS (
    SELECT
        r.tenant_id, r.connection_id,
        count(*) AS regions,
        count(*) FILTER (WHERE s.tenant_id IS NULL) AS without,
        min(CASE WHEN s.tenant_id IS NULL THEN r.region_name END) AS example
    FROM facts.aws_region AS r
    LEFT JOIN standard AS s
        ON s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id AND s.scope = r.region_name
    WHERE r.is_opted_in
    GROUP BY r.tenant_id, r.connection_id
)

SELECT
    a.tenant_id,
    a.resource_id,
    CASE WHEN r.regions IS NULL THEN 'UNKNOWN' WHEN r.without = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN r.regions IS NULL THEN 'incomplete'
        WHEN r.without = 0 THEN 'an approved standard runs in every region'
        ELSE 'no approved standard runs in ' || r.without || ' of ' || r.regions || ' regions, e.g. ' || r.example
    END AS reason
FROM facts.aws_account AS a
LEFT JOIN account AS r ON r.tenant_id = a.tenant_id AND r.connection_id = a.connection_id
