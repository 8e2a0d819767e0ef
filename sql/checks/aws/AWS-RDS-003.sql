/*
id: AWS-RDS-003
title: Automated database backups meet the retention policy
# A member of a cluster is judged by the backups of its cluster. Read replicas are not judged: what is in
# them is backed up at their source, which is judged itself (Security Hub, RDS.11).
severity: high
resource_type: aws.rds.instance
population: aws_rds_instance
applies_to: "NOT is_read_replica"
streams: [aws.rds_instance, aws.rds_cluster]
freshness_hours: 36
policy: [backup_retention_days, backup_max_lag_hours]
unknown_when: Instances or clusters of the region were not read, or the cluster of an instance is missing.
criteria:
  soc2: [A1.2]
  iso27001: [A.8.13]
  nist_csf: [PR.DS-11]
  hipaa: ["164.308(a)(7)(ii)(A)"]
remediation: Set the backup retention period to the documented number of days, and look into backups that stopped.
*/
WITH database AS (
    SELECT
        d.tenant_id, d.resource_id, d.has_cluster, d.status, d.restorable_until,
        CASE
            WHEN d.cluster_name IS NULL THEN d.backup_retention_days ELSE d.cluster_backup_retention_days
        END AS retention_days
    FROM facts.aws_rds_instance AS d
)

SELECT
    d.tenant_id,
    d.resource_id,
    CASE
        WHEN d.retention_days IS NULL THEN 'UNKNOWN'
        WHEN d.retention_days < p.backup_retention_days THEN 'FAIL'
        WHEN d.status = 'available' AND d.restorable_until < c.as_of - p.backup_max_lag_hours * INTERVAL '1 hour'
        THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN d.retention_days IS NULL THEN CASE WHEN d.has_cluster THEN 'quarantined' ELSE 'incomplete' END
        WHEN d.retention_days < p.backup_retention_days
        THEN 'backups are kept for ' || d.retention_days || ' days, fewer than ' || p.backup_retention_days
        WHEN d.status = 'available' AND d.restorable_until < c.as_of - p.backup_max_lag_hours * INTERVAL '1 hour'
        THEN 'the latest restorable time is ' || CAST(CAST(d.restorable_until AS DATE) AS VARCHAR)
        ELSE 'backups are kept for ' || d.retention_days || ' days'
    END AS reason
FROM database AS d
JOIN facts.tenant_policy AS p ON p.tenant_id = d.tenant_id
CROSS JOIN ops.clock AS c
