/*
table: aws_cloudtrail_event
title: Management events of ninety days that used the root user or changed audit logging, and the accounts
# CloudTrail's event history keeps them whether or not there is a trail. Use of root is as the CIS benchmark counts it, who
# is not AWS itself; a sign-in that failed is none. A change that AWS refused (errorCode) changed nothing.
# The account's own row stands for all that did not happen.
streams: [aws.cloudtrail_event, aws.account]
population_streams: [aws.cloudtrail_event, aws.account]
required: [kind, is_known]
columns:
  kind: event or account
  is_root_use: Whether the root user did something
  is_logging_change: Whether it stopped, deleted or weakened a trail
  is_known: TRUE where an event says what happened and when, else NULL
*/
WITH event AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, r.body,
        (r.body->>'EventName') AS event_name,
        (r.body->>'EventSource') AS event_source,
        as_timestamp((r.body->>'EventTime')) AS happened_at,
        (r.body->'CloudTrailEvent'->'requestParameters') AS parameters,
        (r.body->'CloudTrailEvent'->>'errorCode') IS NOT NULL AS is_refused
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.cloudtrail_event'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'event' AS kind,
    r.event_name, r.event_source, r.happened_at,
    CASE
        WHEN (r.body->'CloudTrailEvent'->>'userIdentity') IS NOT NULL
        THEN (r.body->'CloudTrailEvent'->'userIdentity'->>'type') = 'Root'
            AND (r.body->'CloudTrailEvent'->'userIdentity'->>'invokedBy') IS NULL
            AND coalesce((r.body->'CloudTrailEvent'->>'eventType'), '') <> 'AwsServiceEvent'
            AND coalesce((r.body->'CloudTrailEvent'->'responseElements'->>'ConsoleLogin'), '') <> 'Failure'
    END AS is_root_use,
    coalesce(
        r.event_source = 'cloudtrail.amazonaws.com' AND NOT r.is_refused AND (
            r.event_name IN ('StopLogging', 'DeleteTrail')
            OR (r.event_name = 'UpdateTrail' AND (
                (r.parameters->>'isMultiRegionTrail') = 'false'
                OR (r.parameters->>'enableLogFileValidation') = 'false'
                OR (r.parameters->>'includeGlobalServiceEvents') = 'false'
                OR (r.parameters->>'isOrganizationTrail') = 'false'
                OR (r.parameters->>'s3BucketName') IS NOT NULL
            ))
            OR (r.event_name = 'PutEventSelectors'
                AND NOT EXISTS (
                    SELECT 1 FROM json_items(r.parameters->'eventSelectors') AS s(item)
                    WHERE coalesce((s.item->>'includeManagementEvents'), 'true') = 'true'
                        AND coalesce((s.item->>'readWriteType'), 'All') = 'All'
                )
                AND NOT EXISTS (
                    SELECT 1 FROM json_items(r.parameters->'advancedEventSelectors') AS s(item)
                    WHERE EXISTS (
                        SELECT 1 FROM json_items(s.item->'fieldSelectors') AS f(item)
                        WHERE (f.item->>'field') = 'eventCategory' AND json_holds(f.item->'equals', 'Management')
                    ) AND NOT EXISTS (
                        SELECT 1 FROM json_items(s.item->'fieldSelectors') AS f(item)
                        WHERE (f.item->>'field') = 'readOnly'
                    )
                )
            )
        ),
        FALSE
    ) AS is_logging_change,
    CASE
        WHEN r.event_name IS NOT NULL AND r.happened_at IS NOT NULL
            AND (r.body->'CloudTrailEvent'->'userIdentity') IS NOT NULL THEN TRUE
    END AS is_known
FROM event AS r
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'account' AS kind,
    CAST(NULL AS VARCHAR) AS event_name,
    CAST(NULL AS VARCHAR) AS event_source,
    CAST(NULL AS TIMESTAMPTZ) AS happened_at,
    FALSE AS is_root_use,
    FALSE AS is_logging_change,
    TRUE AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.account'
