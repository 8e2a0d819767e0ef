/*
id: AWS-SEC-001
title: Stored secrets are rotated within policy
# A secret that never was rotated is as old as the day it was made. One that is to be deleted is not judged.
severity: medium
resource_type: aws.secretsmanager.secret
population: aws_secretsmanager_secret
applies_to: "NOT is_deleted"
streams: [aws.secretsmanager_secret]
freshness_hours: 36
policy: [secret_max_age_days]
unknown_when: Secrets of the region were not read, or a secret does not say when it was made or rotated.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17]
  nist_csf: [PR.AA-01]
  hipaa: ["164.308(a)(5)(ii)(D)"]
  pci_dss: ["8.6.3"]
remediation: Rotate the secret and turn on its rotation with a period within the limit.
*/
SELECT
    s.tenant_id,
    s.resource_id,
    CASE
        WHEN s.renewed_at IS NULL THEN 'UNKNOWN'
        WHEN s.renewed_at < c.as_of - p.secret_max_age_days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN s.renewed_at IS NULL THEN 'quarantined'
        WHEN s.renewed_at >= c.as_of - p.secret_max_age_days * INTERVAL '1 day'
        THEN CASE WHEN s.was_rotated THEN 'it was rotated within ' ELSE 'it was made within ' END
            || p.secret_max_age_days || ' days'
        WHEN s.was_rotated THEN 'it was last rotated on ' || CAST(CAST(s.renewed_at AS DATE) AS VARCHAR)
        ELSE 'it was made on ' || CAST(CAST(s.renewed_at AS DATE) AS VARCHAR) || ' and never rotated'
    END AS reason
FROM facts.aws_secretsmanager_secret AS s
JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
CROSS JOIN ops.clock AS c
