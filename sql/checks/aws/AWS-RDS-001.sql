/*
id: AWS-RDS-001
title: Databases are encrypted at rest
# A member of a cluster is judged by the storage of its cluster; a cluster without members is judged itself.
severity: high
resource_type: aws.rds.instance
population: aws_rds_instance
streams: [aws.rds_instance, aws.rds_cluster]
freshness_hours: 36
unknown_when: Instances or clusters of the region were not read, or the cluster of an instance is missing.
criteria:
  soc2: [CC6.1, C1.1]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-01]
  hipaa: ["164.312(a)(2)(iv)"]
  pci_dss: ["3.5.1"]
remediation: Restore the database from an encrypted copy of its snapshot; encryption cannot be turned on in place.
*/
WITH database AS (
    SELECT
        d.tenant_id, d.resource_id, d.has_cluster,
        CASE WHEN d.cluster_name IS NULL THEN d.is_encrypted ELSE d.is_cluster_encrypted END AS is_encrypted
    FROM facts.aws_rds_instance AS d
)

SELECT
    d.tenant_id,
    d.resource_id,
    CASE WHEN d.is_encrypted IS NULL THEN 'UNKNOWN' WHEN d.is_encrypted THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN d.is_encrypted IS NULL THEN CASE WHEN d.has_cluster THEN 'quarantined' ELSE 'incomplete' END
        WHEN d.is_encrypted THEN 'storage is encrypted'
        ELSE 'storage is not encrypted'
    END AS reason
FROM database AS d
