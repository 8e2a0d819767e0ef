/*
id: AWS-BKP-003
title: A restore was tested within the required interval
# A restore of one resource stands for its kind in the account and region, as restore testing draws what it restores.
severity: high
resource_type: aws.backup.resource
population: aws_backup_target
applies_to: "is_judged"
streams: [aws.rds_instance, aws.rds_cluster, aws.dynamodb_table, aws.s3_bucket, aws.s3_bucket_tagging,
  aws.backup_restore_job]
freshness_hours: 36
policy: [backup_resource_types, restore_test_max_age_days, production_tag_key, production_tag_values, non_production_tag_values, untagged_resources]
unknown_when: >-
  The inventory of a kind or the restores were not read, or nothing says whether the resource is production. That
  there was no restore, nor a plan to test one, is an observation, and a failure.
criteria:
  soc2: [A1.3]
  iso27001: [A.5.30, A.8.13]
  nist_csf: [PR.DS-11, RC.RP-03]
  hipaa: ["164.308(a)(7)(ii)(D)"]
remediation: >-
  Make a restore testing plan in AWS Backup for that kind of resource, and look into restores that failed.
*/
SELECT
    t.tenant_id,
    t.resource_id,
    CASE
        WHEN t.environment IS NULL THEN 'UNKNOWN'
        WHEN t.restored_at >= c.as_of - p.restore_test_max_age_days * INTERVAL '1 day' THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN t.environment IS NULL THEN 'incomplete'
        WHEN t.restored_at IS NULL THEN 'no restore of this kind of resource is known'
        WHEN t.restored_at >= c.as_of - p.restore_test_max_age_days * INTERVAL '1 day'
        THEN 'a restore succeeded on ' || CAST(CAST(t.restored_at AS DATE) AS VARCHAR)
        ELSE 'the last restore was on ' || CAST(CAST(t.restored_at AS DATE) AS VARCHAR)
    END AS reason
FROM facts.aws_backup_target AS t
JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
CROSS JOIN ops.clock AS c
