/*
table: aws_workload
title: What carries load, Auto Scaling groups and database instances
# An alarm counts where it may act (on people or on capacity) and names the group, the instance or its cluster.
streams: [aws.autoscaling_group, aws.rds_instance, aws.rds_cluster, aws.cloudwatch_alarm]
population_streams: [aws.autoscaling_group, aws.rds_instance]
required: [kind, workload_name]
columns:
  kind: scaling_group or database
  environment: production, non_production or NULL for unknown; a database without the tag has its cluster's
  has_alarm: Whether an alarm watches it
  capacity: How many instances a group wants now
  largest: How many instances a group may have; NULL for a database
*/
WITH dimension AS (
    SELECT
        r.tenant_id, r.connection_id, r.scope,
        (d.item->>'Name') AS name, (d.item->>'Value') AS value
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'Dimensions') AS d(item)
    WHERE r.stream = 'aws.cloudwatch_alarm'
        AND as_boolean((r.body->>'ActionsEnabled'))
        AND EXISTS (SELECT 1 FROM json_items(r.body->'AlarmActions') AS a(item))
    UNION ALL
    -- An alarm over several metrics names them one by one.
    SELECT
        r.tenant_id, r.connection_id, r.scope,
        (d.item->>'Name') AS name, (d.item->>'Value') AS value
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'Metrics') AS m(item),
        LATERAL json_items(m.item->'MetricStat'->'Metric'->'Dimensions') AS d(item)
    WHERE r.stream = 'aws.cloudwatch_alarm'
        AND as_boolean((r.body->>'ActionsEnabled'))
        AND EXISTS (SELECT 1 FROM json_items(r.body->'AlarmActions') AS a(item))
),

workload AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        'scaling_group' AS kind,
        (r.body->>'AutoScalingGroupName') AS workload_name,
        CAST(NULL AS VARCHAR) AS cluster_name,
        as_integer((r.body->>'DesiredCapacity')) AS capacity,
        as_integer((r.body->>'MaxSize')) AS largest,
        (
            SELECT min((t.item->>'Value')) FROM json_items(r.body->'Tags') AS t(item)
            WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
        ) AS environment_tag
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    WHERE r.stream = 'aws.autoscaling_group'
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        'database' AS kind,
        (r.body->>'DBInstanceIdentifier') AS workload_name,
        (r.body->>'DBClusterIdentifier') AS cluster_name,
        CAST(NULL AS BIGINT) AS capacity,
        CAST(NULL AS BIGINT) AS largest,
        coalesce(
            (
                SELECT min((t.item->>'Value')) FROM json_items(r.body->'TagList') AS t(item)
                WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
            ),
            (
                SELECT min((t.item->>'Value')) FROM json_items(c.body->'TagList') AS t(item)
                WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
            )
        ) AS environment_tag
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    LEFT JOIN raw.record_asof AS c
        ON c.stream = 'aws.rds_cluster'
        AND c.tenant_id = r.tenant_id AND c.connection_id = r.connection_id AND c.scope = r.scope
        AND (c.body->>'DBClusterIdentifier') = (r.body->>'DBClusterIdentifier')
    WHERE r.stream = 'aws.rds_instance'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.kind, r.workload_name, r.capacity, r.largest,
    EXISTS (
        SELECT 1 FROM dimension AS d
        WHERE d.tenant_id = r.tenant_id AND d.connection_id = r.connection_id AND d.scope = r.scope
            AND (
                (r.kind = 'scaling_group' AND d.name = 'AutoScalingGroupName' AND d.value = r.workload_name)
                OR (r.kind = 'database' AND d.name = 'DBInstanceIdentifier' AND d.value = r.workload_name)
                OR (r.kind = 'database' AND d.name = 'DBClusterIdentifier' AND d.value = r.cluster_name)
            )
    ) AS has_alarm,
    CASE
        WHEN json_holds(y.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(y.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NULL AND y.untagged_resources IN ('production', 'non_production')
        THEN y.untagged_resources
    END AS environment
FROM workload AS r
LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
