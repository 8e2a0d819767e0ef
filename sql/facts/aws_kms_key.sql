/*
table: aws_kms_key
title: KMS keys with their rotation and use
# A key is in use where a volume, a database, a trail, a log group or a bucket's default encryption names it. A bucket
# may name it by an alias, which is not resolved here: then any key of the account may be meant. Use matters for keys
# that are pending deletion alone, so what hides it is a column of the key and blocks no other key: a stream that was
# not read whole within 36 hours, or a bucket that names an alias.
streams: [aws.kms_key, aws.kms_key_rotation, aws.kms_key_policy, aws.ec2_volume, aws.rds_instance, aws.rds_cluster,
  aws.cloudtrail_trail, aws.logs_log_group, aws.s3_bucket, aws.s3_bucket_encryption]
required: [key_manager, key_state, key_spec, key_origin]
columns:
  key_manager: CUSTOMER or AWS
  can_rotate: Whether KMS can rotate it by itself (symmetric, with material made by KMS, enabled or disabled)
  is_rotating: Whether yearly rotation is on; NULL where that was not read
  rotation_read: Whether a record of its rotation was read
  has_policy: Whether its policy was read and understood
  policy_read: Whether a record of its policy was read
  is_pending_deletion: Whether its deletion is scheduled
  used_by: One resource that names the key; NULL where none was seen
  may_be_used_unseen: Whether something that could name the key was not read, or names an alias
*/
WITH named AS (
    SELECT r.tenant_id, r.connection_id, r.resource_id, (r.body->>'KmsKeyId') AS key_name
    FROM raw.record_asof AS r
    WHERE r.stream IN ('aws.ec2_volume', 'aws.rds_instance', 'aws.rds_cluster', 'aws.cloudtrail_trail')
    UNION ALL
    SELECT r.tenant_id, r.connection_id, r.resource_id, (r.body->>'kmsKeyId') AS key_name
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.logs_log_group'
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        (i.item->'ApplyServerSideEncryptionByDefault'->>'KMSMasterKeyID') AS key_name
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'Rules') AS i(item)
    WHERE r.stream = 'aws.s3_bucket_encryption'
),

-- By ARN, or by the id alone, which is the ARN's last part.
used AS (
    SELECT
        n.tenant_id,
        CASE WHEN n.key_name LIKE 'arn:%' THEN split_part(n.key_name, ':key/', 2) ELSE n.key_name END AS key_id,
        min(n.resource_id) AS used_by
    FROM named AS n
    WHERE n.key_name IS NOT NULL AND n.key_name NOT LIKE '%alias/%'
    GROUP BY n.tenant_id, CASE WHEN n.key_name LIKE 'arn:%' THEN split_part(n.key_name, ':key/', 2) ELSE n.key_name END
),

unseen AS (
    SELECT n.tenant_id, n.connection_id
    FROM named AS n
    WHERE n.key_name LIKE '%alias/%' AND n.key_name NOT LIKE '%alias/aws/%'
    UNION
    SELECT u.tenant_id, u.connection_id
    FROM raw.last_receipt_asof AS u
    CROSS JOIN ops.clock AS c
    WHERE u.stream IN (
            'aws.ec2_volume', 'aws.rds_instance', 'aws.rds_cluster', 'aws.cloudtrail_trail', 'aws.logs_log_group',
            'aws.s3_bucket', 'aws.s3_bucket_encryption'
        )
        AND (
            u.outcome IS NULL
            OR u.outcome <> 'complete'
            OR COALESCE(u.proven_at, u.finished_at) < c.as_of - INTERVAL '36 hours'
        )
),

kms_key AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        split_part(r.resource_id, ':key/', 2) AS key_id,
        (r.body->>'KeyManager') AS key_manager,
        (r.body->>'KeyState') AS key_state,
        coalesce((r.body->>'KeySpec'), (r.body->>'CustomerMasterKeySpec')) AS key_spec,
        (r.body->>'Origin') AS key_origin
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.kms_key'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.key_id, r.key_manager, r.key_state, r.key_spec, r.key_origin,
    r.key_manager = 'CUSTOMER' AND r.key_spec = 'SYMMETRIC_DEFAULT' AND r.key_origin = 'AWS_KMS'
        AND r.key_state IN ('Enabled', 'Disabled') AS can_rotate,
    as_boolean((t.body->>'KeyRotationEnabled')) AS is_rotating,
    t.body IS NOT NULL AS rotation_read,
    (p.body->'Policy'->>'Statement') IS NOT NULL AS has_policy,
    p.body IS NOT NULL AS policy_read,
    r.key_state IN ('PendingDeletion', 'PendingReplicaDeletion') AS is_pending_deletion,
    u.used_by,
    x.tenant_id IS NOT NULL AS may_be_used_unseen
FROM kms_key AS r
LEFT JOIN raw.record_asof AS t
    ON t.stream = 'aws.kms_key_rotation'
    AND t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.resource_id = r.resource_id
LEFT JOIN raw.record_asof AS p
    ON p.stream = 'aws.kms_key_policy'
    AND p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
LEFT JOIN used AS u ON u.tenant_id = r.tenant_id AND u.key_id = r.key_id
LEFT JOIN unseen AS x ON x.tenant_id = r.tenant_id AND x.connection_id = r.connection_id
