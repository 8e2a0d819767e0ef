/*
id: AWS-IAM-009
title: Permissions reach people through groups or roles, not direct user policies
severity: low
resource_type: aws.iam.user
population: aws_iam_user
streams: [aws.iam_user]
freshness_hours: 36
unknown_when: The users were not read, or a user's policies are not understood.
criteria:
  soc2: [CC6.3]
  iso27001: [A.5.15]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(4)(ii)(C)"]
  pci_dss: ["7.2.2"]
remediation: >-
  Put the user into a group with the policy, or let the work be done through a role, and detach the policy from the
  user.
*/
SELECT
    u.tenant_id,
    u.resource_id,
    CASE WHEN u.attached_policies + u.inline_policies = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN u.attached_policies + u.inline_policies = 0 THEN 'no policy is on the user'
        ELSE 'on the user are ' || u.attached_policies || ' attached and ' || u.inline_policies || ' inline policies'
    END AS reason
FROM facts.aws_iam_user AS u
