/*
table: aws_alert
title: What watches over the account's own events, metric filters with alarms, and rules of EventBridge
# By what their patterns name. A pattern counts for trails or for policies where it names every event of the list below, or
# all events of the service. EventBridge sees the events of IAM in us-east-1 alone (of the commercial partition).
streams: [aws.logs_metric_filter, aws.events_rule, aws.cloudwatch_alarm, aws.sns_subscription]
population_streams: [aws.logs_metric_filter, aws.events_rule]
required: [kind]
columns:
  kind: filter or rule
  log_group_arn: The log group that a filter reads
  watches_root: Whether it fires when the root user acts
  watches_trails: Whether it fires when a trail is changed, stopped or deleted
  watches_policies: Whether it fires when a policy of IAM is changed
  notifies: Whether somebody hears of it; NULL where its topic belongs to another account
*/
WITH topic AS (
    SELECT DISTINCT r.tenant_id, (r.body->>'TopicArn') AS topic_arn
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.sns_subscription' AND (r.body->>'SubscriptionArn') LIKE 'arn:%'
),

pattern AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, r.body,
        'filter' AS kind,
        split_part(r.resource_id, ':log-group:', 1) || ':log-group:' || (r.body->>'logGroupName') AS log_group_arn,
        coalesce((r.body->>'filterPattern'), '') AS words,
        FALSE AS all_of_cloudtrail,
        FALSE AS all_of_iam,
        TRUE AS is_on
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.logs_metric_filter'
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, r.body,
        'rule' AS kind,
        CAST(NULL AS VARCHAR) AS log_group_arn,
        coalesce((r.body->>'EventPattern'), '') AS words,
        (r.body->>'EventPattern') LIKE '%cloudtrail%' AND (r.body->>'EventPattern') NOT LIKE '%eventName%'
            AS all_of_cloudtrail,
        ((r.body->>'EventPattern') LIKE '%"aws.iam"%' OR (r.body->>'EventPattern') LIKE '%"iam.amazonaws.com"%')
            AND (r.body->>'EventPattern') NOT LIKE '%eventName%' AS all_of_iam,
        coalesce((r.body->>'State'), '') LIKE 'ENABLED%' AS is_on
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.events_rule'
),

-- Where an alert goes: the actions of the alarms on a filter's metrics, and the targets of a rule.
way AS (
    SELECT p.tenant_id, p.connection_id, p.account_id, p.resource_id, json_text(a.item) AS target
    FROM pattern AS p
    JOIN raw.record_asof AS m
        ON m.stream = 'aws.cloudwatch_alarm'
        AND m.tenant_id = p.tenant_id AND m.connection_id = p.connection_id AND m.scope = p.scope
        AND as_boolean((m.body->>'ActionsEnabled'))
        AND EXISTS (
            SELECT 1 FROM json_items(p.body->'metricTransformations') AS t(item)
            WHERE (t.item->>'metricName') = (m.body->>'MetricName')
                AND (t.item->>'metricNamespace') = (m.body->>'Namespace')
        ),
        LATERAL json_items(m.body->'AlarmActions') AS a(item)
    WHERE p.kind = 'filter'
    UNION ALL
    SELECT p.tenant_id, p.connection_id, p.account_id, p.resource_id, (t.item->>'Arn') AS target
    FROM pattern AS p, LATERAL json_items(p.body->'Targets') AS t(item)
    WHERE p.kind = 'rule'
),

heard AS (
    SELECT
        w.tenant_id, w.connection_id, w.resource_id,
        bool_or(o.tenant_id IS NOT NULL OR w.target NOT LIKE 'arn:%:sns:%') AS notifies,
        bool_or(o.tenant_id IS NULL AND split_part(w.target, ':', 5) <> w.account_id) AS may_notify
    FROM way AS w
    LEFT JOIN topic AS o ON o.tenant_id = w.tenant_id AND o.topic_arn = w.target
    GROUP BY w.tenant_id, w.connection_id, w.resource_id
)

SELECT
    p.tenant_id, p.connection_id, p.account_id, p.scope, p.resource_id,
    p.observed_at, p.collected_at, p.evidence_sha256,
    p.kind, p.log_group_arn,
    p.words LIKE '%userIdentity%' AND p.words LIKE '%Root%' AS watches_root,
    p.all_of_cloudtrail
        OR (p.words LIKE '%StopLogging%' AND p.words LIKE '%DeleteTrail%' AND p.words LIKE '%UpdateTrail%')
        AS watches_trails,
    (p.kind = 'filter' OR p.scope IN ('us-east-1', 'us-gov-west-1', 'cn-north-1'))
        AND (
            p.all_of_iam
            OR (
                p.words LIKE '%PutUserPolicy%' AND p.words LIKE '%PutRolePolicy%' AND p.words LIKE '%PutGroupPolicy%'
                AND p.words LIKE '%AttachUserPolicy%' AND p.words LIKE '%AttachRolePolicy%'
                AND p.words LIKE '%AttachGroupPolicy%' AND p.words LIKE '%CreatePolicyVersion%'
            )
        ) AS watches_policies,
    CASE
        WHEN NOT p.is_on THEN FALSE
        WHEN h.notifies THEN TRUE
        WHEN h.may_notify THEN NULL
        ELSE FALSE
    END AS notifies
FROM pattern AS p
LEFT JOIN heard AS h
    ON h.tenant_id = p.tenant_id AND h.connection_id = p.connection_id AND h.resource_id = p.resource_id
