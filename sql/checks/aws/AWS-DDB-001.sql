/*
id: AWS-DDB-001
title: Production DynamoDB tables have point-in-time recovery
severity: medium
resource_type: aws.dynamodb.table
population: aws_dynamodb_table
applies_to: "environment = 'production'"
streams: [aws.dynamodb_table, aws.dynamodb_backup]
freshness_hours: 36
policy: [production_tag_key, production_tag_values, non_production_tag_values, untagged_resources]
unknown_when: Tables of the region, or the backups of a table were not read, or nothing says whether it is production.
criteria:
  soc2: [A1.2]
  iso27001: [A.8.13]
  nist_csf: [PR.DS-11]
  hipaa: ["164.308(a)(7)(ii)(A)"]
remediation: Turn on point-in-time recovery for the table.
*/
SELECT
    t.tenant_id,
    t.resource_id,
    CASE t.recovery WHEN 'ENABLED' THEN 'PASS' WHEN 'DISABLED' THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
    CASE
        WHEN t.recovery = 'ENABLED' THEN 'it can be restored to a point in time'
        WHEN t.recovery = 'DISABLED' THEN 'point-in-time recovery is off'
        WHEN t.backup_read THEN 'quarantined'
        ELSE 'incomplete'
    END AS reason
FROM facts.aws_dynamodb_table AS t
