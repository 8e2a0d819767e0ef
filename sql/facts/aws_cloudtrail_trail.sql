/*
table: aws_cloudtrail_trail
title: CloudTrail trails with their status and what they select
# Organisation trails of another account are seen from member accounts too. A trail whose selectors were never set (both
# lists empty) records all management events: that is how CloudTrail makes trails. Selectors may leave out the events of
# single services (kms, rdsdata) without a change here.
streams: [aws.cloudtrail_trail, aws.cloudtrail_trail_status, aws.cloudtrail_event_selectors]
required: [trail_name, bucket_name, is_multi_region]
columns:
  owner_account: The account that the trail belongs to
  is_owner_connected: Whether the tenant has a connection to that account
  is_logging: Whether it records now; NULL where its status was not read
  delivery_error: The error of the last delivery into the bucket; NULL where there was none
  log_group_arn: The log group that it delivers into as well
  selects_reads: Whether it records management events that read; NULL where its selectors were not read
  selects_writes: Whether it records management events that write
*/
WITH selector AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        coalesce(json_is_array(r.body->'EventSelectors'), FALSE)
            OR coalesce(json_is_array(r.body->'AdvancedEventSelectors'), FALSE) AS is_known,
        (SELECT count(*) FROM json_items(r.body->'EventSelectors') AS c(item))
        + (SELECT count(*) FROM json_items(r.body->'AdvancedEventSelectors') AS a(item)) AS selectors
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.cloudtrail_event_selectors'
),

management AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        (c.item->>'ReadWriteType') IN ('All', 'ReadOnly') AS selects_reads,
        (c.item->>'ReadWriteType') IN ('All', 'WriteOnly') AS selects_writes
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'EventSelectors') AS c(item)
    WHERE r.stream = 'aws.cloudtrail_event_selectors' AND as_boolean((c.item->>'IncludeManagementEvents'))
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        NOT EXISTS (
            SELECT 1 FROM json_items(a.item->'FieldSelectors') AS f(item)
            WHERE (f.item->>'Field') = 'readOnly' AND NOT json_holds(f.item->'Equals', 'true')
        ) AS selects_reads,
        NOT EXISTS (
            SELECT 1 FROM json_items(a.item->'FieldSelectors') AS f(item)
            WHERE (f.item->>'Field') = 'readOnly' AND NOT json_holds(f.item->'Equals', 'false')
        ) AS selects_writes
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'AdvancedEventSelectors') AS a(item)
    WHERE r.stream = 'aws.cloudtrail_event_selectors'
        AND EXISTS (
            SELECT 1 FROM json_items(a.item->'FieldSelectors') AS f(item)
            WHERE (f.item->>'Field') = 'eventCategory' AND json_holds(f.item->'Equals', 'Management')
        )
        -- Any other field narrows the selection, save a list of services to leave out.
        AND NOT EXISTS (
            SELECT 1 FROM json_items(a.item->'FieldSelectors') AS f(item)
            WHERE (f.item->>'Field') NOT IN ('eventCategory', 'readOnly')
                AND NOT ((f.item->>'Field') = 'eventSource' AND json_is_array(f.item->'NotEquals')
                    AND (f.item->>'Equals') IS NULL AND (f.item->>'StartsWith') IS NULL
                    AND (f.item->>'EndsWith') IS NULL)
        )
),

selected AS (
    SELECT
        m.tenant_id, m.connection_id, m.resource_id,
        bool_or(m.selects_reads) AS selects_reads,
        bool_or(m.selects_writes) AS selects_writes
    FROM management AS m
    GROUP BY m.tenant_id, m.connection_id, m.resource_id
),

connected AS (
    SELECT DISTINCT u.tenant_id, u.account_id FROM raw.unit_asof AS u WHERE u.source = 'aws'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'Name') AS trail_name,
    (r.body->>'S3BucketName') AS bucket_name,
    (r.body->>'S3KeyPrefix') AS key_prefix,
    (r.body->>'HomeRegion') AS home_region,
    split_part(r.resource_id, ':', 5) AS owner_account,
    o.tenant_id IS NOT NULL AS is_owner_connected,
    as_boolean((r.body->>'IsMultiRegionTrail')) AS is_multi_region,
    as_boolean((r.body->>'IsOrganizationTrail')) AS is_organization_trail,
    as_boolean((r.body->>'LogFileValidationEnabled')) AS has_validation,
    (r.body->>'KmsKeyId') AS kms_key_id,
    (r.body->>'CloudWatchLogsLogGroupArn') AS log_group_arn,
    as_boolean((t.body->>'IsLogging')) AS is_logging,
    CASE WHEN (t.body->>'LatestDeliveryError') <> '' THEN (t.body->>'LatestDeliveryError') END AS delivery_error,
    t.body IS NOT NULL AS status_read,
    CASE WHEN s.is_known THEN s.selectors = 0 OR coalesce(m.selects_reads, FALSE) END AS selects_reads,
    CASE WHEN s.is_known THEN s.selectors = 0 OR coalesce(m.selects_writes, FALSE) END AS selects_writes,
    s.is_known IS NOT NULL AS selectors_read
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS t
    ON t.stream = 'aws.cloudtrail_trail_status'
    AND t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.resource_id = r.resource_id
LEFT JOIN selector AS s
    ON s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id AND s.resource_id = r.resource_id
LEFT JOIN selected AS m
    ON m.tenant_id = r.tenant_id AND m.connection_id = r.connection_id AND m.resource_id = r.resource_id
LEFT JOIN connected AS o
    ON o.tenant_id = r.tenant_id AND o.account_id = split_part(r.resource_id, ':', 5)
WHERE r.stream = 'aws.cloudtrail_trail'
