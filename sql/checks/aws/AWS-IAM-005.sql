/*
id: AWS-IAM-005
title: Active access keys are younger than the rotation limit
# Keys of the root user are judged like any other. A key is named by its user and its place in the report, since the
# report does not tell its id.
severity: medium
resource_type: aws.iam.access_key
population: aws_iam_access_key
applies_to: "is_active"
streams: [aws.iam_credential_report]
freshness_hours: 36
policy: [access_key_max_age_days]
unknown_when: The credential report was not read, or does not say when an active key was made or rotated.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17]
  nist_csf: [PR.AA-01]
  hipaa: ["164.308(a)(5)(ii)(D)"]
  pci_dss: ["8.6.3"]
remediation: >-
  Make a second key, move its users over, then disable and delete the old one; better, replace keys by roles.
*/
SELECT
    k.tenant_id,
    k.resource_id,
    CASE
        WHEN k.last_rotated IS NULL THEN 'UNKNOWN'
        WHEN k.last_rotated < c.as_of - p.access_key_max_age_days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN k.last_rotated IS NULL THEN 'quarantined'
        WHEN k.last_rotated < c.as_of - p.access_key_max_age_days * INTERVAL '1 day'
        THEN 'the key was last rotated on ' || CAST(CAST(k.last_rotated AS DATE) AS VARCHAR) || ', more than '
            || p.access_key_max_age_days || ' days ago'
        ELSE 'the key was last rotated on ' || CAST(CAST(k.last_rotated AS DATE) AS VARCHAR)
    END AS reason
FROM facts.aws_iam_access_key AS k
JOIN facts.tenant_policy AS p ON p.tenant_id = k.tenant_id
CROSS JOIN ops.clock AS c
