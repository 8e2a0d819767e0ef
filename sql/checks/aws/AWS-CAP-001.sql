/*
id: AWS-CAP-001
title: Production capacity has alarms and scaling limits
# Judged are Auto Scaling groups and database instances. A group must have room to grow, which a database has not; both
# need room below the account's quota, of processors or of database instances: one that is not there is not used.
severity: low
resource_type: aws.workload
population: aws_workload
applies_to: "environment = 'production'"
streams: [aws.autoscaling_group, aws.rds_instance, aws.rds_cluster, aws.cloudwatch_alarm, aws.service_quota]
freshness_hours: 36
policy: [production_tag_key, production_tag_values, non_production_tag_values, untagged_resources, quota_used_max_percent]
unknown_when: >-
  Groups, databases, alarms or quotas of the region were not read, or nothing says whether it is production.
criteria:
  soc2: [A1.1]
  iso27001: [A.8.6]
  nist_csf: [PR.IR-04]
remediation: >-
  Add an alarm on load that acts, let the group's largest size lie above what it runs, and ask AWS to raise a quota that is
  nearly used up.
*/
WITH workload AS (
    SELECT
        w.*, q.allowed, q.used,
        coalesce(q.used * 100 > q.allowed * p.quota_used_max_percent, FALSE) AS is_crowded
    FROM facts.aws_workload AS w
    JOIN facts.tenant_policy AS p ON p.tenant_id = w.tenant_id
    LEFT JOIN facts.aws_service_quota AS q
        ON q.tenant_id = w.tenant_id AND q.connection_id = w.connection_id AND q.scope = w.scope
        AND q.quota_code = CASE WHEN w.kind = 'scaling_group' THEN 'L-1216C47A' ELSE 'L-7B6409FD' END
)

SELECT
    w.tenant_id,
    w.resource_id,
    CASE
        WHEN NOT w.has_alarm OR (w.kind = 'scaling_group' AND w.capacity >= w.largest) OR w.is_crowded THEN 'FAIL'
        WHEN w.kind = 'scaling_group' AND (w.capacity IS NULL OR w.largest IS NULL) THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN NOT w.has_alarm THEN 'no alarm that acts watches it'
        WHEN w.kind = 'scaling_group' AND w.capacity >= w.largest
        THEN 'it runs ' || w.capacity || ' instances and may have no more'
        WHEN w.is_crowded THEN w.used || ' of the ' || w.allowed || ' that the account''s quota allows are used'
        WHEN w.kind = 'scaling_group' AND (w.capacity IS NULL OR w.largest IS NULL) THEN 'quarantined'
        WHEN w.kind = 'scaling_group' THEN 'an alarm watches it and it can grow to ' || w.largest || ' instances'
        ELSE 'an alarm watches it'
    END AS reason
FROM workload AS w
