/*
id: AWS-KMS-001
title: Customer-managed symmetric keys rotate
# Only keys that KMS can rotate: customer-managed, symmetric, with material made by KMS, enabled or disabled.
severity: medium
resource_type: aws.kms.key
population: aws_kms_key
applies_to: "can_rotate"
streams: [aws.kms_key, aws.kms_key_rotation]
freshness_hours: 36
unknown_when: Keys of the region were not read, or a key's policy refuses to tell whether it rotates.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-01]
  hipaa: ["164.312(a)(2)(iv)"]
  pci_dss: ["3.7.4"]
remediation: Turn on automatic rotation of the key.
*/
SELECT
    k.tenant_id,
    k.resource_id,
    CASE WHEN k.is_rotating IS NULL THEN 'UNKNOWN' WHEN k.is_rotating THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN k.is_rotating IS NULL THEN CASE WHEN k.rotation_read THEN 'quarantined' ELSE 'incomplete' END
        WHEN k.is_rotating THEN 'the key rotates'
        ELSE 'the key does not rotate'
    END AS reason
FROM facts.aws_kms_key AS k
