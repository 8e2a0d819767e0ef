/*
id: AWS-IAM-011
title: People sign in through the identity provider; remaining IAM console users are approved break-glass
# Judged is who could go round the identity provider, not whether there is one.
severity: medium
resource_type: aws.iam.user
population: aws_iam_credential_report
applies_to: "NOT is_root"
streams: [aws.iam_credential_report]
freshness_hours: 36
policy: [break_glass_users]
unknown_when: >-
  The credential report was not read, is older than a day, or does not say whether the user has a password.
criteria:
  soc2: [CC6.1, CC6.2]
  iso27001: [A.5.16]
  nist_csf: [PR.AA-01]
  hipaa: ["164.312(a)(2)(i)"]
  pci_dss: ["8.2.1"]
remediation: >-
  Let the person sign in through the identity provider and take the console password away, or name the user under
  break_glass_users.
*/
SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN NOT u.password_enabled THEN 'PASS'
        WHEN json_holds(p.break_glass_users, u.user_name) OR json_holds(p.break_glass_users, u.resource_id) THEN 'PASS'
        WHEN u.password_enabled THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT u.password_enabled THEN 'the user has no console password'
        WHEN json_holds(p.break_glass_users, u.user_name) OR json_holds(p.break_glass_users, u.resource_id)
        THEN 'the user is approved as break-glass'
        WHEN u.password_enabled THEN 'the user signs in with a console password'
        ELSE 'quarantined'
    END AS reason
FROM facts.aws_iam_credential_report AS u
JOIN facts.tenant_policy AS p ON p.tenant_id = u.tenant_id
