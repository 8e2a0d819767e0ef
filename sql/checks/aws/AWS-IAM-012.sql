/*
id: AWS-IAM-012
title: IAM Access Analyzer covers every enabled region
# An analyzer of the organisation covers the region in all its accounts.
severity: low
resource_type: aws.region
population: aws_region
applies_to: "is_opted_in"
streams: [aws.region, aws.access_analyzer, aws.organization]
freshness_hours: 36
unknown_when: Regions or organisations were not read, or the analyzers of the region were not.
criteria:
  soc2: [CC6.1, CC7.1]
  iso27001: [A.5.18]
  nist_csf: [ID.RA-01]
  hipaa: ["164.308(a)(1)(ii)(A)"]
remediation: >-
  Make an analyzer for external access in the region, best one for the organisation from its delegated
  administrator.
*/
WITH analyzer AS (
    SELECT a.tenant_id, a.connection_id, a.scope, a.analyzer_type, o.organization_id
    FROM facts.aws_access_analyzer AS a
    LEFT JOIN facts.aws_organization AS o ON o.tenant_id = a.tenant_id AND o.connection_id = a.connection_id
    WHERE a.status = 'ACTIVE' AND a.analyzer_type IN ('ACCOUNT', 'ORGANIZATION')
),

region AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        EXISTS (
            SELECT 1
            FROM analyzer AS a
            LEFT JOIN facts.aws_organization AS o ON o.tenant_id = r.tenant_id AND o.connection_id = r.connection_id
            WHERE a.tenant_id = r.tenant_id AND a.scope = r.region_name
                AND (
                    a.connection_id = r.connection_id
                    OR (a.analyzer_type = 'ORGANIZATION' AND a.organization_id = o.organization_id)
                )
        ) AS is_covered
    FROM facts.aws_region AS r
)

SELECT
    r.tenant_id,
    r.resource_id,
    CASE WHEN r.is_covered THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN r.is_covered THEN 'an analyzer looks for access from outside'
        ELSE 'no active analyzer looks for access from outside'
    END AS reason
FROM region AS r
