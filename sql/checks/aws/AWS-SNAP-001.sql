/*
id: AWS-SNAP-001
title: No disk or database snapshot or machine image is public
severity: critical
resource_type: aws.snapshot
population: aws_snapshot
streams: [aws.ec2_snapshot, aws.ec2_image, aws.rds_snapshot, aws.rds_cluster_snapshot, aws.ec2_snapshot_permission,
  aws.rds_snapshot_attribute, aws.rds_cluster_snapshot_attribute]
freshness_hours: 36
unknown_when: Snapshots or images of the region were not read, or who may use a snapshot was not.
criteria:
  soc2: [CC6.1, C1.1]
  iso27001: [A.8.3, A.8.12]
  nist_csf: [PR.AA-05, PR.DS-01]
  hipaa: ["164.312(a)(1)"]
remediation: >-
  Make the snapshot or image private, share it with named accounts only, and treat what was in it as disclosed.
*/
SELECT
    s.tenant_id,
    s.resource_id,
    CASE WHEN s.is_public IS NULL THEN 'UNKNOWN' WHEN s.is_public THEN 'FAIL' ELSE 'PASS' END AS status,
    CASE
        WHEN s.is_public IS NULL THEN CASE WHEN s.permission_read THEN 'quarantined' ELSE 'incomplete' END
        WHEN s.is_public THEN 'every AWS account may use it'
        ELSE 'it is not public'
    END AS reason
FROM facts.aws_snapshot AS s
