/*
table: aws_rds_instance
title: Database instances, and database clusters without an instance of their own
# Storage and backups of a cluster (Aurora, Multi-AZ) belong to the cluster: its values stand beside the instance's own.
streams: [aws.rds_instance, aws.rds_cluster]
population_streams: [aws.rds_instance, aws.rds_cluster]
required: [database_name, is_encrypted, backup_retention_days, is_multi_az]
columns:
  kind: instance or cluster
  cluster_name: The cluster that the instance is a member of; NULL for none
  has_cluster: Whether that cluster's record was read
  zones: In how many availability zones the cluster's instances lie; NULL outside a cluster
  is_publicly_accessible: Whether the instance has an address of the internet; NULL where RDS does not say
  is_read_replica: Whether the instance only copies another database
  security_groups: Its security groups, a list of objects
  subnets: Its subnets, a list of objects
  environment: production, non_production or NULL for unknown; an instance without the tag has its cluster's
  parameter_group: The parameter group of the instance
  parameter_status: in-sync, or how its parameters wait to be applied
  cluster_parameter_group: The parameter group of its cluster
  restorable_until: The time up to which it could be restored when it was read
*/
WITH cluster AS (
    SELECT r.*, (r.body->>'DBClusterIdentifier') AS cluster_name
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.rds_cluster'
),

member AS (
    SELECT
        r.tenant_id, r.connection_id, r.scope, (r.body->>'DBClusterIdentifier') AS cluster_name,
        count(DISTINCT (r.body->>'AvailabilityZone')) AS zones
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.rds_instance' AND (r.body->>'DBClusterIdentifier') IS NOT NULL
    GROUP BY r.tenant_id, r.connection_id, r.scope, (r.body->>'DBClusterIdentifier')
),

database AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, r.body,
        'instance' AS kind,
        (r.body->>'DBInstanceIdentifier') AS database_name,
        (r.body->>'DBClusterIdentifier') AS cluster_name,
        (r.body->>'DBInstanceStatus') AS status,
        coalesce(
            as_integer((r.body->'Endpoint'->>'Port')), as_integer((r.body->>'DbInstancePort')),
            as_integer((c.body->>'Port'))
        ) AS port,
        c.body AS cluster_body,
        m.zones
    FROM raw.record_asof AS r
    LEFT JOIN cluster AS c
        ON c.tenant_id = r.tenant_id AND c.connection_id = r.connection_id AND c.scope = r.scope
        AND c.cluster_name = (r.body->>'DBClusterIdentifier')
    LEFT JOIN member AS m
        ON m.tenant_id = r.tenant_id AND m.connection_id = r.connection_id AND m.scope = r.scope
        AND m.cluster_name = (r.body->>'DBClusterIdentifier')
    WHERE r.stream = 'aws.rds_instance'
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, r.body,
        'cluster' AS kind,
        r.cluster_name AS database_name,
        r.cluster_name,
        (r.body->>'Status') AS status,
        as_integer((r.body->>'Port')) AS port,
        r.body AS cluster_body,
        CAST(0 AS BIGINT) AS zones
    FROM cluster AS r
    WHERE NOT EXISTS (
        SELECT 1 FROM member AS m
        WHERE m.tenant_id = r.tenant_id AND m.connection_id = r.connection_id AND m.scope = r.scope
            AND m.cluster_name = r.cluster_name
    )
),

tagged AS (
    SELECT
        r.*,
        coalesce(
            (
                SELECT min((t.item->>'Value')) FROM json_items(r.body->'TagList') AS t(item)
                WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
            ),
            (
                SELECT min((t.item->>'Value')) FROM json_items(r.cluster_body->'TagList') AS t(item)
                WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
            )
        ) AS environment_tag,
        y.production_tag_values, y.non_production_tag_values, y.untagged_resources
    FROM database AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.kind, r.database_name, r.cluster_name, r.status, r.port, r.zones,
    r.cluster_body IS NOT NULL AS has_cluster,
    (r.body->'DBParameterGroups'->0->>'DBParameterGroupName') AS parameter_group,
    (r.body->'DBParameterGroups'->0->>'ParameterApplyStatus') AS parameter_status,
    (r.cluster_body->>'DBClusterParameterGroup') AS cluster_parameter_group,
    as_boolean((r.body->>'StorageEncrypted')) AS is_encrypted,
    as_boolean((r.cluster_body->>'StorageEncrypted')) AS is_cluster_encrypted,
    as_integer((r.body->>'BackupRetentionPeriod')) AS backup_retention_days,
    as_integer((r.cluster_body->>'BackupRetentionPeriod')) AS cluster_backup_retention_days,
    CASE
        WHEN r.cluster_name IS NULL THEN as_timestamp((r.body->>'LatestRestorableTime'))
        ELSE as_timestamp((r.cluster_body->>'LatestRestorableTime'))
    END AS restorable_until,
    as_boolean((r.body->>'MultiAZ')) AS is_multi_az,
    as_boolean((r.cluster_body->>'MultiAZ')) AS is_cluster_multi_az,
    as_boolean((r.body->>'PubliclyAccessible')) AS is_publicly_accessible,
    coalesce((r.body->>'ReadReplicaSourceDBInstanceIdentifier'), '') <> ''
        OR coalesce((r.body->>'ReadReplicaSourceDBClusterIdentifier'), '') <> '' AS is_read_replica,
    (r.body->'VpcSecurityGroups') AS security_groups,
    (r.body->'DBSubnetGroup'->>'VpcId') AS vpc_id,
    (r.body->'DBSubnetGroup'->'Subnets') AS subnets,
    CASE
        WHEN json_holds(r.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(r.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NULL AND r.untagged_resources IN ('production', 'non_production')
        THEN r.untagged_resources
    END AS environment
FROM tagged AS r
