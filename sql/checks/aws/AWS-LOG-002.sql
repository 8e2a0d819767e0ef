/*
id: AWS-LOG-002
title: Trail log files have integrity validation
severity: medium
resource_type: aws.cloudtrail.trail
population: aws_cloudtrail_trail
streams: [aws.cloudtrail_trail]
freshness_hours: 36
unknown_when: >-
  Trails were not read, a trail belongs to an account that the tenant has not connected, or its record does not say
  whether log files are validated.
criteria:
  soc2: [CC7.2]
  iso27001: [A.8.15]
  nist_csf: [PR.PS-04]
  hipaa: ["164.312(c)(1)"]
  pci_dss: ["10.3.4"]
remediation: Turn on log file validation for the trail.
*/
SELECT
    t.tenant_id,
    t.resource_id,
    CASE
        WHEN (t.owner_account <> t.account_id AND NOT t.is_owner_connected) OR t.has_validation IS NULL THEN 'UNKNOWN'
        WHEN t.has_validation THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN t.owner_account <> t.account_id AND NOT t.is_owner_connected THEN 'incomplete'
        WHEN t.has_validation IS NULL THEN 'quarantined'
        WHEN t.has_validation THEN 'log files are validated'
        ELSE 'log files are not validated, so a change to them would not show'
    END AS reason
FROM facts.aws_cloudtrail_trail AS t
