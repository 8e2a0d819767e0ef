/*
id: AWS-LOG-009
title: Alarms exist and notify for root use, trail changes and IAM policy changes
# Each of the three needs a metric filter over the log group of a trail, with an alarm on its metric, or a rule of
# EventBridge; and somebody who hears of it: a topic with a confirmed subscription, or a target of another kind.
severity: medium
resource_type: aws.account
population: aws_account
streams: [aws.account, aws.cloudtrail_trail, aws.logs_metric_filter, aws.events_rule, aws.cloudwatch_alarm,
  aws.sns_subscription]
freshness_hours: 36
unknown_when: >-
  Trails, metric filters, alarms, rules or subscriptions were not read, an alarm's topic belongs to another account, or
  the trail writes into a log group of an account that the tenant has not connected.
criteria:
  soc2: [CC7.2, CC7.3]
  iso27001: [A.8.16]
  nist_csf: [DE.CM-03, DE.AE-06]
  hipaa: ["164.308(a)(1)(ii)(D)"]
  pci_dss: ["10.4.1.1"]
remediation: >-
  Make metric filters and alarms (or rules of EventBridge) for use of the root user, changes of trails and changes of IAM
  policies, and let somebody confirm the subscription to their topic.
*/
WITH log_group AS (
    SELECT DISTINCT
        t.tenant_id, t.connection_id,
        CASE
            WHEN t.log_group_arn LIKE '%:*' THEN substr(t.log_group_arn, 1, length(t.log_group_arn) - 2)
            ELSE t.log_group_arn
        END AS log_group_arn
    FROM facts.aws_cloudtrail_trail AS t
    WHERE t.log_group_arn IS NOT NULL AND t.is_multi_region
),

elsewhere AS (
    SELECT DISTINCT g.tenant_id, g.connection_id
    FROM log_group AS g
    WHERE NOT EXISTS (
        SELECT 1 FROM facts.aws_account AS a
        WHERE a.tenant_id = g.tenant_id AND a.account_id = split_part(g.log_group_arn, ':', 5)
    )
),

-- A rule stands for its own account, a filter for every account whose trail writes into its log group.
alert AS (
    SELECT w.tenant_id, w.connection_id, w.watches_root, w.watches_trails, w.watches_policies, w.notifies
    FROM facts.aws_alert AS w
    WHERE w.kind = 'rule'
    UNION ALL
    SELECT w.tenant_id, g.connection_id, w.watches_root, w.watches_trails, w.watches_policies, w.notifies
    FROM facts.aws_alert AS w
    JOIN log_group AS g ON g.tenant_id = w.tenant_id AND g.log_group_arn = w.log_group_arn
),

watched AS (
    SELECT
        w.tenant_id, w.connection_id,
        bool_or(w.watches_root AND w.notifies) AS root,
        bool_or(w.watches_trails AND w.notifies) AS trails,
        bool_or(w.watches_policies AND w.notifies) AS policies,
        bool_or(w.watches_root AND w.notifies IS NULL) AS maybe_root,
        bool_or(w.watches_trails AND w.notifies IS NULL) AS maybe_trails,
        bool_or(w.watches_policies AND w.notifies IS NULL) AS maybe_policies
    FROM alert AS w
    GROUP BY w.tenant_id, w.connection_id
),

account AS (
    SELECT
        a.tenant_id, a.resource_id,
        coalesce(w.root, FALSE) AS root, coalesce(w.trails, FALSE) AS trails, coalesce(w.policies, FALSE) AS policies,
        e.tenant_id IS NOT NULL OR coalesce(w.maybe_root, FALSE) AS maybe_root,
        e.tenant_id IS NOT NULL OR coalesce(w.maybe_trails, FALSE) AS maybe_trails,
        e.tenant_id IS NOT NULL OR coalesce(w.maybe_policies, FALSE) AS maybe_policies
    FROM facts.aws_account AS a
    LEFT JOIN watched AS w ON w.tenant_id = a.tenant_id AND w.connection_id = a.connection_id
    LEFT JOIN elsewhere AS e ON e.tenant_id = a.tenant_id AND e.connection_id = a.connection_id
)

SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN a.root AND a.trails AND a.policies THEN 'PASS'
        WHEN (a.root OR a.maybe_root) AND (a.trails OR a.maybe_trails) AND (a.policies OR a.maybe_policies)
        THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN a.root AND a.trails AND a.policies THEN 'somebody hears of all three'
        WHEN (a.root OR a.maybe_root) AND (a.trails OR a.maybe_trails) AND (a.policies OR a.maybe_policies)
        THEN 'incomplete'
        WHEN NOT (a.root OR a.maybe_root) THEN 'nobody hears of it when the root user acts'
        WHEN NOT (a.trails OR a.maybe_trails) THEN 'nobody hears of it when a trail is changed'
        ELSE 'nobody hears of it when a policy of IAM is changed'
    END AS reason
FROM account AS a
