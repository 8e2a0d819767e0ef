/*
table: aws_s3_bucket
title: S3 buckets with their settings
# A setting is NULL where its record is missing or not understood; not_understood names the latter. A bucket's
# environment and class come from its tags as the tenant's policy reads them.
streams: [aws.s3_bucket, aws.s3_bucket_policy, aws.s3_bucket_policy_status, aws.s3_bucket_acl, aws.s3_bucket_encryption,
  aws.s3_bucket_public_access_block, aws.s3_bucket_versioning, aws.s3_bucket_object_lock, aws.s3_bucket_tagging,
  aws.cloudtrail_trail]
required: [bucket_name]
columns:
  has_policy: Whether the bucket has a policy
  is_policy_public: Whether S3 calls the policy public; FALSE where there is none
  is_acl_public: Whether the access list grants anything to everybody or to every AWS account
  ignore_public_acls: Whether the bucket's own Block Public Access ignores such grants
  restrict_public_buckets: Whether it keeps strangers out in spite of a public policy
  encryption_algorithm: The algorithm of the default encryption; "none" where there is none
  kms_key_id: The key of the default encryption; NULL where none is named
  versioning: Enabled, Suspended or "none" (it was never on)
  has_object_lock: Whether Object Lock is on
  has_default_retention: Whether new objects get a retention by default
  environment: production, non_production or NULL for unknown
  class: How the data is classified, in lower case; NULL without the tag
  needs_kms: Whether that class asks for a customer-managed key; NULL for a class that the policy does not know
  is_trail_bucket: Whether a trail of the tenant delivers into it
  is_evidence_bucket: Whether the tenant's policy names it as holding logs or evidence
  not_understood: Names of the records that were read and say nothing understandable
*/
WITH trail_bucket AS (
    SELECT DISTINCT c.tenant_id, (c.body->>'S3BucketName') AS bucket_name
    FROM raw.record_asof AS c
    WHERE c.stream = 'aws.cloudtrail_trail'
),

bucket AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'Name') AS bucket_name,
        (r.body->>'Region') AS region,
        CASE
            WHEN as_boolean((p.body->>'absent')) THEN FALSE
            WHEN (p.body->'Policy'->>'Statement') IS NOT NULL THEN TRUE
        END AS has_policy,
        p.body IS NOT NULL AS policy_read,
        CASE
            WHEN as_boolean((s.body->>'absent')) THEN FALSE ELSE as_boolean((s.body->>'IsPublic'))
        END AS is_policy_public,
        s.body IS NOT NULL AS policy_status_read,
        CASE
            WHEN json_is_array(a.body->'Grants') THEN EXISTS (
                SELECT 1
                FROM json_items(a.body->'Grants') AS g(item)
                WHERE (g.item->'Grantee'->>'URI') LIKE '%/groups/global/AllUsers'
                    OR (g.item->'Grantee'->>'URI') LIKE '%/groups/global/AuthenticatedUsers'
            )
        END AS is_acl_public,
        a.body IS NOT NULL AS acl_read,
        coalesce(as_boolean((b.body->>'IgnorePublicAcls')), NOT as_boolean((b.body->>'absent'))) AS ignore_public_acls,
        coalesce(as_boolean((b.body->>'RestrictPublicBuckets')), NOT as_boolean((b.body->>'absent')))
            AS restrict_public_buckets,
        b.body IS NOT NULL AS public_access_block_read,
        CASE
            WHEN as_boolean((e.body->>'absent')) THEN 'none'
            ELSE (e.body->'Rules'->0->'ApplyServerSideEncryptionByDefault'->>'SSEAlgorithm')
        END AS encryption_algorithm,
        (e.body->'Rules'->0->'ApplyServerSideEncryptionByDefault'->>'KMSMasterKeyID') AS kms_key_id,
        e.body IS NOT NULL AS encryption_read,
        CASE
            WHEN (v.body->>'Status') IN ('Enabled', 'Suspended') THEN (v.body->>'Status')
            WHEN v.body IS NOT NULL AND (v.body->>'Status') IS NULL THEN 'none'
        END AS versioning,
        v.body IS NOT NULL AS versioning_read,
        CASE
            WHEN as_boolean((l.body->>'absent')) THEN FALSE
            WHEN (l.body->'ObjectLockConfiguration'->>'ObjectLockEnabled') = 'Enabled' THEN TRUE
        END AS has_object_lock,
        CASE
            WHEN as_boolean((l.body->>'absent')) THEN FALSE
            WHEN l.body IS NOT NULL
            THEN coalesce(
                as_integer((l.body->'ObjectLockConfiguration'->'Rule'->'DefaultRetention'->>'Days')),
                as_integer((l.body->'ObjectLockConfiguration'->'Rule'->'DefaultRetention'->>'Years')), 0
            ) > 0
        END AS has_default_retention,
        l.body IS NOT NULL AS object_lock_read,
        (t.body->>'Tags') IS NOT NULL AS tags_known,
        t.body IS NOT NULL AS tags_read,
        (
            SELECT min(json_text(m.item))
            FROM json_members(t.body->'Tags') AS m(key, item)
            WHERE lower(m.key) = lower(y.production_tag_key)
        ) AS environment_tag,
        (
            SELECT min(lower(json_text(m.item)))
            FROM json_members(t.body->'Tags') AS m(key, item)
            WHERE lower(m.key) = lower(y.classification_tag_key)
        ) AS class,
        k.tenant_id IS NOT NULL AS is_trail_bucket,
        json_holds(y.evidence_buckets, r.resource_id) OR json_holds(y.evidence_buckets, (r.body->>'Name'))
            AS is_evidence_bucket,
        y.production_tag_values, y.non_production_tag_values, y.untagged_resources, y.classes_requiring_kms,
        y.classes_without_kms
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    LEFT JOIN raw.record_asof AS p
        ON p.stream = 'aws.s3_bucket_policy'
        AND p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS s
        ON s.stream = 'aws.s3_bucket_policy_status'
        AND s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id AND s.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS a
        ON a.stream = 'aws.s3_bucket_acl'
        AND a.tenant_id = r.tenant_id AND a.connection_id = r.connection_id AND a.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS b
        ON b.stream = 'aws.s3_bucket_public_access_block'
        AND b.tenant_id = r.tenant_id AND b.connection_id = r.connection_id AND b.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS e
        ON e.stream = 'aws.s3_bucket_encryption'
        AND e.tenant_id = r.tenant_id AND e.connection_id = r.connection_id AND e.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS v
        ON v.stream = 'aws.s3_bucket_versioning'
        AND v.tenant_id = r.tenant_id AND v.connection_id = r.connection_id AND v.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS l
        ON l.stream = 'aws.s3_bucket_object_lock'
        AND l.tenant_id = r.tenant_id AND l.connection_id = r.connection_id AND l.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS t
        ON t.stream = 'aws.s3_bucket_tagging'
        AND t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.resource_id = r.resource_id
    LEFT JOIN trail_bucket AS k ON k.tenant_id = r.tenant_id AND k.bucket_name = (r.body->>'Name')
    WHERE r.stream = 'aws.s3_bucket'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
    r.evidence_sha256, r.bucket_name, r.region, r.has_policy, r.is_policy_public, r.is_acl_public, r.ignore_public_acls,
    r.restrict_public_buckets, r.encryption_algorithm, r.kms_key_id, r.versioning, r.has_object_lock,
    r.has_default_retention, r.class, r.is_trail_bucket, r.is_evidence_bucket,
    CASE
        WHEN NOT r.tags_known THEN NULL
        WHEN json_holds(r.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(r.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NULL AND r.untagged_resources IN ('production', 'non_production')
        THEN r.untagged_resources
    END AS environment,
    CASE
        WHEN json_holds(r.classes_requiring_kms, r.class) THEN TRUE
        WHEN json_holds(r.classes_without_kms, r.class) THEN FALSE
    END AS needs_kms,
    CASE WHEN r.policy_read AND r.has_policy IS NULL THEN 'policy ' ELSE '' END
    || CASE WHEN r.policy_status_read AND r.is_policy_public IS NULL THEN 'policy_status ' ELSE '' END
    || CASE WHEN r.acl_read AND r.is_acl_public IS NULL THEN 'acl ' ELSE '' END
    || CASE
        WHEN r.public_access_block_read AND (r.ignore_public_acls IS NULL OR r.restrict_public_buckets IS NULL)
        THEN 'public_access_block ' ELSE ''
    END
    || CASE WHEN r.encryption_read AND r.encryption_algorithm IS NULL THEN 'encryption ' ELSE '' END
    || CASE WHEN r.versioning_read AND r.versioning IS NULL THEN 'versioning ' ELSE '' END
    || CASE WHEN r.object_lock_read AND r.has_object_lock IS NULL THEN 'object_lock ' ELSE '' END
    || CASE WHEN r.tags_read AND NOT r.tags_known THEN 'tags ' ELSE '' END AS not_understood
FROM bucket AS r
