/*
id: AWS-IAM-002
title: Root user owns no access keys
severity: critical
resource_type: aws.account
population: aws_account
streams: [aws.account]
freshness_hours: 36
unknown_when: The account summary was not read, or does not count the root user's access keys.
criteria:
  soc2: [CC6.1, CC6.3]
  iso27001: [A.8.2]
  nist_csf: [PR.AA-05]
  hipaa: ["164.312(a)(2)(i)"]
  pci_dss: ["8.2.2"]
remediation: Delete the access keys of the root user; give the work that used them to a role.
*/
SELECT
    a.tenant_id,
    a.resource_id,
    CASE WHEN a.root_access_keys = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN a.root_access_keys = 0 THEN 'the root user owns no access keys' ELSE 'the root user owns an access key'
    END AS reason
FROM facts.aws_account AS a
