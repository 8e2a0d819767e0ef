/*
table: aws_s3_bucket_disposal
title: S3 buckets with what they delete by themselves
# A rule counts where it is enabled and reaches the whole bucket: without a prefix, a tag or a size. The rules of buckets
# without any tag are not read: they have no class.
streams: [aws.s3_bucket, aws.s3_bucket_tagging, aws.s3_bucket_disposal, aws.s3_bucket_versioning]
population_streams: [aws.s3_bucket]
required: [bucket_name]
columns:
  class: How the data is classified, in lower case; NULL without the tag
  needs_disposal: Whether that class asks for it; NULL for a class that the policy does not know
  scheduled_days: After how many days the retention schedule wants the class deleted; NULL where it names none
  expires_after_days: After how many days objects expire; NULL for never or unknown
  old_versions_after_days: After how many days versions that are no longer current are deleted; NULL for never
  has_versions: Whether the bucket keeps, or has ever kept, versions; NULL where that was not read
  is_known: Whether the rules of the bucket were read and understood
  rules_read: Whether a record of its rules was read
*/
WITH rule AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        as_integer((i.item->'Expiration'->>'Days')) AS days,
        as_integer((i.item->'NoncurrentVersionExpiration'->>'NoncurrentDays')) AS old_days
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'Rules') AS i(item)
    WHERE r.stream = 'aws.s3_bucket_disposal'
        AND (i.item->>'Status') = 'Enabled'
        AND coalesce((i.item->>'Prefix'), '') = ''
        AND coalesce((i.item->'Filter'->>'Prefix'), '') = ''
        AND (i.item->'Filter'->>'Tag') IS NULL
        AND (i.item->'Filter'->>'And') IS NULL
        AND (i.item->'Filter'->>'ObjectSizeGreaterThan') IS NULL
        AND (i.item->'Filter'->>'ObjectSizeLessThan') IS NULL
),

expiry AS (
    SELECT u.tenant_id, u.connection_id, u.resource_id, min(u.days) AS days, min(u.old_days) AS old_days
    FROM rule AS u
    GROUP BY u.tenant_id, u.connection_id, u.resource_id
),

bucket AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'Name') AS bucket_name,
        (
            SELECT min(lower(json_text(m.item)))
            FROM json_members(t.body->'Tags') AS m(key, item)
            WHERE lower(m.key) = lower(y.classification_tag_key)
        ) AS class,
        as_boolean((d.body->>'absent')) IS NOT NULL OR coalesce(json_is_array(d.body->'Rules'), FALSE) AS is_known,
        d.body IS NOT NULL AS rules_read,
        CASE WHEN v.body IS NOT NULL THEN (v.body->>'Status') IS NOT NULL END AS has_versions,
        y.classes_requiring_disposal, y.classes_without_disposal, y.retention_schedule
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    LEFT JOIN raw.record_asof AS t
        ON t.stream = 'aws.s3_bucket_tagging'
        AND t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS d
        ON d.stream = 'aws.s3_bucket_disposal'
        AND d.tenant_id = r.tenant_id AND d.connection_id = r.connection_id AND d.resource_id = r.resource_id
    LEFT JOIN raw.record_asof AS v
        ON v.stream = 'aws.s3_bucket_versioning'
        AND v.tenant_id = r.tenant_id AND v.connection_id = r.connection_id AND v.resource_id = r.resource_id
    WHERE r.stream = 'aws.s3_bucket'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.bucket_name, r.class,
    CASE
        WHEN json_holds(r.classes_requiring_disposal, r.class) THEN TRUE
        WHEN json_holds(r.classes_without_disposal, r.class) THEN FALSE
    END AS needs_disposal,
    (
        SELECT min(as_integer(split_part(json_text(s.item), '=', 2)))
        FROM json_items(r.retention_schedule) AS s(item)
        WHERE lower(split_part(json_text(s.item), '=', 1)) = r.class
    ) AS scheduled_days,
    CASE WHEN r.is_known THEN e.days END AS expires_after_days,
    CASE WHEN r.is_known THEN e.old_days END AS old_versions_after_days,
    r.has_versions, r.is_known, r.rules_read
FROM bucket AS r
LEFT JOIN expiry AS e
    ON e.tenant_id = r.tenant_id AND e.connection_id = r.connection_id AND e.resource_id = r.resource_id
