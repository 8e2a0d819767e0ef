/*
id: AWS-EBS-001
title: Volumes are encrypted and default encryption is on in every region
# A volume is judged by itself, attached or not; each region is a row of its own for the default.
severity: medium
resource_type: aws.ebs.volume
population: aws_ebs_encryption
streams: [aws.ec2_volume, aws.ec2_ebs_default_encryption]
freshness_hours: 36
unknown_when: >-
  Volumes or the default of the region were not read, or a record does not say whether there is encryption.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-01]
  hipaa: ["164.312(a)(2)(iv)"]
remediation: >-
  Turn on encryption by default in the region, and replace the volume by one made from an encrypted copy of its
  snapshot.
*/
SELECT
    v.tenant_id,
    v.resource_id,
    CASE WHEN v.is_encrypted THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN v.kind = 'volume' AND v.is_encrypted THEN 'the volume is encrypted'
        WHEN v.kind = 'volume' THEN 'the volume is not encrypted'
        WHEN v.is_encrypted THEN 'new volumes in the region are encrypted by default'
        ELSE 'new volumes in the region are not encrypted by default'
    END AS reason
FROM facts.aws_ebs_encryption AS v
