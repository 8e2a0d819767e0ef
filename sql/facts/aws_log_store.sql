/*
table: aws_log_store
title: Places where logs are kept, CloudWatch log groups, and the buckets that trails deliver into
# CloudWatch leaves retentionInDays out for a group that never expires. A bucket expires trail files where an enabled
# lifecycle rule that can reach their prefix expires objects; a rule with an end date or one that is not understood
# counts as 0 days. A trail whose record names no bucket is a row of its own, in quarantine.
streams: [aws.logs_log_group, aws.cloudtrail_trail, aws.resource_tag, aws.s3_bucket, aws.s3_bucket_lifecycle]
population_streams: [aws.logs_log_group, aws.cloudtrail_trail]
required: [kind, is_known]
columns:
  kind: log_group or trail_bucket
  is_audit: Whether a trail delivers into it
  environment: production, non_production or NULL for unknown
  expires_after_days: After how many days logs are deleted; NULL for never or unknown
  is_retention_known: Whether how long logs are kept was read
  is_known: TRUE where the record names the store and, for a log group, says how long logs are kept, else NULL
*/
WITH trail AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'S3BucketName') AS bucket_name,
        coalesce((r.body->>'S3KeyPrefix') || '/', '') || 'AWSLogs/' AS prefix,
        CASE
            WHEN (r.body->>'CloudWatchLogsLogGroupArn') LIKE '%:*'
            THEN substr((r.body->>'CloudWatchLogsLogGroupArn'), 1, length((r.body->>'CloudWatchLogsLogGroupArn')) - 2)
            ELSE (r.body->>'CloudWatchLogsLogGroupArn')
        END AS log_group_arn
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.cloudtrail_trail'
),

store AS (
    SELECT
        r.tenant_id, r.connection_id, min(r.account_id) AS account_id, min(r.scope) AS scope,
        coalesce('arn:aws:s3:::' || r.bucket_name, r.resource_id) AS resource_id,
        max(r.observed_at) AS observed_at, max(r.collected_at) AS collected_at,
        max(r.evidence_sha256) AS evidence_sha256,
        r.bucket_name
    FROM trail AS r
    GROUP BY r.tenant_id, r.connection_id, r.bucket_name, coalesce('arn:aws:s3:::' || r.bucket_name, r.resource_id)
),

-- The bucket may lie in another account that the tenant has connected.
lifecycle AS (
    SELECT l.tenant_id, l.resource_id, l.evidence_sha256, l.body
    FROM raw.record_asof AS l
    WHERE l.stream = 'aws.s3_bucket_lifecycle'
        AND EXISTS (
            SELECT 1 FROM raw.record_asof AS b
            WHERE b.stream = 'aws.s3_bucket' AND b.tenant_id = l.tenant_id AND b.resource_id = l.resource_id
        )
),

rule AS (
    SELECT
        l.tenant_id, l.resource_id,
        coalesce((i.item->>'Prefix'), (i.item->'Filter'->>'Prefix'), (i.item->'Filter'->'And'->>'Prefix'), '')
            AS prefix,
        coalesce(as_integer((i.item->'Expiration'->>'Days')), 0) AS days
    FROM lifecycle AS l, LATERAL json_items(l.body->'Rules') AS i(item)
    WHERE coalesce((i.item->>'Status'), '') <> 'Disabled'
        AND (i.item->>'Expiration') IS NOT NULL
        -- A rule may only tidy up the markers of deleted objects.
        AND NOT (as_boolean((i.item->'Expiration'->>'ExpiredObjectDeleteMarker')) IS NOT NULL
            AND (i.item->'Expiration'->>'Days') IS NULL AND (i.item->'Expiration'->>'Date') IS NULL)
),

expiry AS (
    SELECT t.tenant_id, t.connection_id, t.bucket_name, min(u.days) AS days
    FROM trail AS t
    JOIN rule AS u
        ON u.tenant_id = t.tenant_id
        AND u.resource_id = 'arn:aws:s3:::' || t.bucket_name
        AND (substr(t.prefix, 1, length(u.prefix)) = u.prefix OR substr(u.prefix, 1, length(t.prefix)) = t.prefix)
    GROUP BY t.tenant_id, t.connection_id, t.bucket_name
),

log_group AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'retentionInDays') AS retention,
        (r.body->>'logGroupName') AS log_group_name,
        (
            SELECT min(json_text(m.item))
            FROM json_members(t.body->'Tags') AS m(key, item)
            WHERE lower(m.key) = lower(y.production_tag_key)
        ) AS environment_tag,
        t.body IS NOT NULL AND (t.body->>'Tags') IS NULL AS tags_unclear,
        y.production_tag_values, y.non_production_tag_values, y.untagged_resources
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    LEFT JOIN raw.record_asof AS t
        ON t.stream = 'aws.resource_tag'
        AND t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.resource_id = r.resource_id
    WHERE r.stream = 'aws.logs_log_group'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'log_group' AS kind,
    g.tenant_id IS NOT NULL AS is_audit,
    CASE
        WHEN r.tags_unclear THEN NULL
        WHEN json_holds(r.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(r.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NULL AND r.untagged_resources IN ('production', 'non_production')
        THEN r.untagged_resources
    END AS environment,
    as_integer(r.retention) AS expires_after_days,
    r.retention IS NULL OR as_integer(r.retention) IS NOT NULL AS is_retention_known,
    CASE
        WHEN r.log_group_name IS NOT NULL AND (r.retention IS NULL OR as_integer(r.retention) IS NOT NULL) THEN TRUE
    END AS is_known
FROM log_group AS r
LEFT JOIN (SELECT DISTINCT t.tenant_id, t.log_group_arn FROM trail AS t) AS g
    ON g.tenant_id = r.tenant_id AND g.log_group_arn = r.resource_id
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
    coalesce(l.evidence_sha256, r.evidence_sha256) AS evidence_sha256,
    'trail_bucket' AS kind,
    TRUE AS is_audit,
    NULL AS environment,
    e.days AS expires_after_days,
    l.body IS NOT NULL AND (as_boolean((l.body->>'absent')) IS NOT NULL OR json_is_array(l.body->'Rules'))
        AS is_retention_known,
    CASE WHEN r.bucket_name IS NOT NULL THEN TRUE END AS is_known
FROM store AS r
LEFT JOIN lifecycle AS l ON l.tenant_id = r.tenant_id AND l.resource_id = r.resource_id
LEFT JOIN expiry AS e
    ON e.tenant_id = r.tenant_id AND e.connection_id = r.connection_id AND e.bucket_name = r.bucket_name
