/*
table: aws_dynamodb_table
title: DynamoDB tables with their continuous backups
streams: [aws.dynamodb_table, aws.dynamodb_backup]
required: [table_name]
columns:
  environment: production, non_production or NULL for unknown, from the tag that the tenant's policy names
  recovery: ENABLED or DISABLED, whether the table can be restored to a point in time; NULL where that was not read
  recovery_days: How many days back it can be restored; NULL where DynamoDB does not say
  backup_read: Whether a record of its backups was read
*/
WITH item AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'TableName') AS table_name,
        (r.body->>'TableStatus') AS status,
        (
            SELECT min((t.item->>'Value'))
            FROM json_items(r.body->'Tags') AS t(item)
            WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
        ) AS environment_tag,
        (b.body->'ContinuousBackupsDescription'->'PointInTimeRecoveryDescription') AS recovery,
        b.body IS NOT NULL AS backup_read,
        y.production_tag_values, y.non_production_tag_values, y.untagged_resources
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    LEFT JOIN raw.record_asof AS b
        ON b.stream = 'aws.dynamodb_backup'
        AND b.tenant_id = r.tenant_id AND b.connection_id = r.connection_id AND b.resource_id = r.resource_id
    WHERE r.stream = 'aws.dynamodb_table'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.table_name, r.status, r.backup_read,
    CASE
        WHEN (r.recovery->>'PointInTimeRecoveryStatus') IN ('ENABLED', 'DISABLED')
        THEN (r.recovery->>'PointInTimeRecoveryStatus')
    END AS recovery,
    as_integer((r.recovery->>'RecoveryPeriodInDays')) AS recovery_days,
    CASE
        WHEN json_holds(r.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(r.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NULL AND r.untagged_resources IN ('production', 'non_production')
        THEN r.untagged_resources
    END AS environment
FROM item AS r
