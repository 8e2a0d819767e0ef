/*
id: AWS-CAP-001
title: Production capacity has alarms and scaling limits
# Judged are Auto Scaling groups and database instances. A group must have room to grow, which a database has not. How
# close the account is to its service quotas is not read.
severity: low
resource_type: aws.workload
population: aws_workload
applies_to: "environment = 'production'"
streams: [aws.autoscaling_group, aws.rds_instance, aws.rds_cluster, aws.cloudwatch_alarm]
freshness_hours: 36
policy: [production_tag_key, production_tag_values, non_production_tag_values, untagged_resources]
unknown_when: Groups, databases or alarms of the region were not read, or nothing says whether it is production.
criteria:
  soc2: [A1.1]
  iso27001: [A.8.6]
  nist_csf: [PR.IR-04]
remediation: Add an alarm on load that acts, and let the group's largest size lie above what it runs.
*/
SELECT
    w.tenant_id,
    w.resource_id,
    CASE
        WHEN NOT w.has_alarm OR (w.kind = 'scaling_group' AND w.capacity >= w.largest) THEN 'FAIL'
        WHEN w.kind = 'scaling_group' AND (w.capacity IS NULL OR w.largest IS NULL) THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN NOT w.has_alarm THEN 'no alarm that acts watches it'
        WHEN w.kind = 'scaling_group' AND w.capacity >= w.largest
        THEN 'it runs ' || w.capacity || ' instances and may have no more'
        WHEN w.kind = 'scaling_group' AND (w.capacity IS NULL OR w.largest IS NULL) THEN 'quarantined'
        WHEN w.kind = 'scaling_group' THEN 'an alarm watches it and it can grow to ' || w.largest || ' instances'
        ELSE 'an alarm watches it'
    END AS reason
FROM facts.aws_workload AS w
