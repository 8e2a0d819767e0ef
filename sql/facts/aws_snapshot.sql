/*
table: aws_snapshot
title: Disk snapshots, database snapshots and machine images of an account
# Only manual database snapshots can be shared; the automated ones and those of AWS Backup cannot.
streams: [aws.ec2_snapshot, aws.ec2_image, aws.rds_snapshot, aws.rds_cluster_snapshot, aws.ec2_snapshot_permission,
  aws.rds_snapshot_attribute, aws.rds_cluster_snapshot_attribute]
population_streams: [aws.ec2_snapshot, aws.ec2_image, aws.rds_snapshot, aws.rds_cluster_snapshot]
required: [is_known]
columns:
  kind: ec2_snapshot, ec2_image, rds_snapshot or rds_cluster_snapshot
  is_public: Whether every AWS account may use it; NULL where that was not read
  permission_read: Whether a record of who may use it was read
  is_known: TRUE where the record itself is understood, else NULL
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'ec2_snapshot' AS kind,
    CASE
        WHEN json_is_array(p.body->'CreateVolumePermissions') THEN EXISTS (
            SELECT 1 FROM json_items(p.body->'CreateVolumePermissions') AS g(item) WHERE (g.item->>'Group') = 'all'
        )
    END AS is_public,
    p.body IS NOT NULL AS permission_read,
    CASE WHEN (r.body->>'SnapshotId') IS NOT NULL THEN TRUE END AS is_known
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS p
    ON p.stream = 'aws.ec2_snapshot_permission'
    AND p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
WHERE r.stream = 'aws.ec2_snapshot'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'ec2_image' AS kind,
    as_boolean((r.body->>'Public')) AS is_public,
    TRUE AS permission_read,
    CASE WHEN as_boolean((r.body->>'Public')) IS NOT NULL THEN TRUE END AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.ec2_image'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    CASE r.stream WHEN 'aws.rds_snapshot' THEN 'rds_snapshot' ELSE 'rds_cluster_snapshot' END AS kind,
    CASE
        WHEN (r.body->>'SnapshotType') IN ('automated', 'awsbackup') THEN FALSE
        WHEN json_is_array(p.body->'Attributes') THEN EXISTS (
            SELECT 1 FROM json_items(p.body->'Attributes') AS g(item)
            WHERE (g.item->>'AttributeName') = 'restore' AND json_holds(g.item->'AttributeValues', 'all')
        )
    END AS is_public,
    p.body IS NOT NULL AS permission_read,
    CASE WHEN (r.body->>'SnapshotType') IS NOT NULL THEN TRUE END AS is_known
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS p
    ON p.stream = CASE r.stream
        WHEN 'aws.rds_snapshot' THEN 'aws.rds_snapshot_attribute' ELSE 'aws.rds_cluster_snapshot_attribute'
    END
    -- Said again by name, so that no other stream is read.
    AND p.stream IN ('aws.rds_snapshot_attribute', 'aws.rds_cluster_snapshot_attribute')
    AND p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
WHERE r.stream IN ('aws.rds_snapshot', 'aws.rds_cluster_snapshot')
