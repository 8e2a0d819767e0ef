/*
id: AWS-BKP-001
title: Every production data resource is covered by a backup plan
severity: high
resource_type: aws.backup.resource
population: aws_backup_target
applies_to: "is_judged"
streams: [aws.rds_instance, aws.rds_cluster, aws.dynamodb_table, aws.s3_bucket, aws.s3_bucket_tagging,
  aws.backup_protected_resource]
freshness_hours: 36
policy: [backup_resource_types, backup_max_lag_hours, production_tag_key, production_tag_values, non_production_tag_values, untagged_resources]
unknown_when: >-
  The inventory of a kind or the resources that AWS Backup protects were not read, or nothing says whether the
  resource is production.
criteria:
  soc2: [A1.2]
  iso27001: [A.8.13]
  nist_csf: [PR.DS-11]
  hipaa: ["164.308(a)(7)(ii)(A)"]
remediation: Put the resource into the selection of a backup plan, best by its tag, or tag it as not production.
*/
SELECT
    t.tenant_id,
    t.resource_id,
    CASE
        WHEN t.environment IS NULL THEN 'UNKNOWN'
        WHEN NOT t.is_protected THEN 'FAIL'
        WHEN t.last_backup_at < c.as_of - p.backup_max_lag_hours * INTERVAL '1 hour' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN t.environment IS NULL THEN 'incomplete'
        WHEN NOT t.is_protected THEN 'AWS Backup holds no recovery point of it'
        WHEN t.last_backup_at < c.as_of - p.backup_max_lag_hours * INTERVAL '1 hour'
        THEN 'it was last backed up on ' || CAST(CAST(t.last_backup_at AS DATE) AS VARCHAR)
        ELSE 'AWS Backup backs it up'
    END AS reason
FROM facts.aws_backup_target AS t
JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
CROSS JOIN ops.clock AS c
