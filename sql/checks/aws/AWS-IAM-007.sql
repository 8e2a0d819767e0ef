/*
id: AWS-IAM-007
title: Account password policy meets the documented length and reuse rules
severity: medium
resource_type: aws.account
population: aws_iam_password_policy
streams: [aws.iam_password_policy]
freshness_hours: 36
policy: [password_min_length, password_reuse_prevention]
unknown_when: >-
  The password policy was not read. IAM's answer that there is none is an observation, and a failure; a denied call
  is not.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17]
  nist_csf: [PR.AA-03]
  hipaa: ["164.308(a)(5)(ii)(D)"]
  pci_dss: ["8.3.6", "8.3.7"]
remediation: Set an account password policy with the documented length and number of remembered passwords.
*/
SELECT
    y.tenant_id,
    y.resource_id,
    CASE
        WHEN y.is_present
            AND y.min_length >= p.password_min_length
            AND coalesce(y.reuse_prevention, 0) >= p.password_reuse_prevention
        THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN NOT y.is_present THEN 'the account has no password policy'
        WHEN y.min_length < p.password_min_length
        THEN 'passwords may have ' || y.min_length || ' characters, fewer than ' || p.password_min_length
        WHEN coalesce(y.reuse_prevention, 0) < p.password_reuse_prevention
        THEN 'only ' || coalesce(y.reuse_prevention, 0) || ' earlier passwords are refused, not '
            || p.password_reuse_prevention
        ELSE 'length and reuse are as documented'
    END AS reason
FROM facts.aws_iam_password_policy AS y
JOIN facts.tenant_policy AS p ON p.tenant_id = y.tenant_id
