/*
table: aws_vpc
title: Networks (VPCs), used or not
streams: [aws.ec2_vpc]
required: [vpc_id]
columns:
  environment: production, non_production or NULL for unknown, from the tag that the tenant's policy names
*/
WITH vpc AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'VpcId') AS vpc_id,
        as_boolean((r.body->>'IsDefault')) AS is_default,
        (
            SELECT min((t.item->>'Value'))
            FROM json_items(r.body->'Tags') AS t(item)
            WHERE lower((t.item->>'Key')) = lower(y.production_tag_key)
        ) AS environment_tag,
        y.production_tag_values, y.non_production_tag_values, y.untagged_resources
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    WHERE r.stream = 'aws.ec2_vpc'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.vpc_id, r.is_default,
    CASE
        WHEN json_holds(r.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(r.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NULL AND r.untagged_resources IN ('production', 'non_production')
        THEN r.untagged_resources
    END AS environment
FROM vpc AS r
