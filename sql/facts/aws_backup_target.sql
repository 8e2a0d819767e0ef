/*
table: aws_backup_target
title: Databases, tables and buckets, with whether AWS Backup holds a recovery point of them
# Kinds as AWS Backup names them. The members of a database cluster are backed up as the cluster. AWS Backup may hold the
# recovery points in any region and account that the tenant has connected. A last backup is named once it is a day old.
streams: [aws.rds_instance, aws.rds_cluster, aws.dynamodb_table, aws.s3_bucket, aws.s3_bucket_tagging,
  aws.backup_protected_resource, aws.backup_restore_job]
population_streams: [aws.rds_instance, aws.rds_cluster, aws.dynamodb_table, aws.s3_bucket]
required: [kind]
columns:
  kind: RDS, Aurora, DynamoDB or S3
  environment: production, non_production or NULL for unknown
  is_judged: Whether backups of this kind are asked for, and it is not known to be no production
  is_protected: Whether AWS Backup lists it
  last_backup_at: When it was backed up last, where that is more than a day ago
  restored_at: When a restore of it, or of another of its kind in the account and region, last succeeded; NULL for never
*/
WITH target AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        CASE WHEN (r.body->>'Engine') LIKE 'aurora%' THEN 'Aurora' ELSE 'RDS' END AS kind,
        r.scope AS region,
        (
            SELECT min((t.item->>'Value')) FROM json_items(r.body->'TagList') AS t(item)
            WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
        ) AS environment_tag,
        TRUE AS tags_known
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    WHERE r.stream = 'aws.rds_cluster'
        OR (r.stream = 'aws.rds_instance' AND (r.body->>'DBClusterIdentifier') IS NULL)
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        'DynamoDB' AS kind,
        r.scope AS region,
        (
            SELECT min((t.item->>'Value')) FROM json_items(r.body->'Tags') AS t(item)
            WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
        ) AS environment_tag,
        TRUE AS tags_known
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    WHERE r.stream = 'aws.dynamodb_table'
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        'S3' AS kind,
        (r.body->>'Region') AS region,
        (
            SELECT min(json_text(m.item)) FROM json_members(t.body->'Tags') AS m(key, item)
            WHERE lower(m.key) = lower(y.production_tag_key)
        ) AS environment_tag,
        (t.body->>'Tags') IS NOT NULL AS tags_known
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    LEFT JOIN raw.record_asof AS t
        ON t.stream = 'aws.s3_bucket_tagging'
        AND t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.resource_id = r.resource_id
    WHERE r.stream = 'aws.s3_bucket'
),

protected AS (
    SELECT p.tenant_id, p.resource_id, max(as_timestamp((p.body->>'LastBackupTime'))) AS last_backup_at,
        bool_or((p.body->>'LastBackupTime') IS NULL) AS is_recent
    FROM raw.record_asof AS p
    WHERE p.stream = 'aws.backup_protected_resource'
    GROUP BY p.tenant_id, p.resource_id
),

restored AS (
    SELECT
        j.tenant_id, j.connection_id, j.scope, (j.body->>'ResourceType') AS kind,
        max(as_timestamp((j.body->>'CompletionDate'))) AS restored_at
    FROM raw.record_asof AS j
    WHERE j.stream = 'aws.backup_restore_job' AND (j.body->>'Status') = 'COMPLETED'
        AND coalesce((j.body->>'ValidationStatus'), '') NOT IN ('FAILED', 'TIMED_OUT')
    GROUP BY j.tenant_id, j.connection_id, j.scope, (j.body->>'ResourceType')
),

classed AS (
    SELECT
        r.*,
        CASE
            WHEN NOT r.tags_known THEN NULL
            WHEN json_holds(y.production_tag_values, r.environment_tag) THEN 'production'
            WHEN json_holds(y.non_production_tag_values, r.environment_tag) THEN 'non_production'
            WHEN r.environment_tag IS NULL AND y.untagged_resources IN ('production', 'non_production')
            THEN y.untagged_resources
        END AS environment,
        json_holds(y.backup_resource_types, r.kind) AS is_wanted
    FROM target AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.kind, r.environment,
    r.is_wanted AND coalesce(r.environment, '') <> 'non_production' AS is_judged,
    p.tenant_id IS NOT NULL AS is_protected,
    CASE WHEN NOT p.is_recent THEN p.last_backup_at END AS last_backup_at,
    j.restored_at
FROM classed AS r
LEFT JOIN protected AS p ON p.tenant_id = r.tenant_id AND p.resource_id = r.resource_id
LEFT JOIN restored AS j
    ON j.tenant_id = r.tenant_id AND j.connection_id = r.connection_id AND j.scope = r.region AND j.kind = r.kind
