/*
table: aws_edge_endpoint
title: Endpoints that web application firewalls can guard, of the internet or not
# Network and gateway load balancers, HTTP APIs and WebSocket APIs are left out: AWS WAF cannot guard them.
streams: [aws.elbv2_load_balancer, aws.apigateway_stage, aws.cloudfront_distribution, aws.wafv2_association]
population_streams: [aws.elbv2_load_balancer, aws.apigateway_stage, aws.cloudfront_distribution]
required: [kind, is_public]
columns:
  kind: load_balancer, api_stage or distribution
  is_public: Whether the internet can reach it
  has_firewall: Whether a web ACL guards it; NULL where that was not read
  firewall: The web ACL; NULL for none or where that was not read
  firewall_read: Whether a record of its web ACL was read
*/
WITH endpoint AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        CASE WHEN (r.body->>'Type') = 'application' THEN 'load_balancer' END AS kind,
        CASE (r.body->>'Scheme') WHEN 'internet-facing' THEN TRUE WHEN 'internal' THEN FALSE END AS is_public
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.elbv2_load_balancer' AND coalesce((r.body->>'Type'), '') NOT IN ('network', 'gateway')
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        'api_stage' AS kind,
        CASE
            WHEN json_is_array(r.body->'restApi'->'endpointConfiguration'->'types')
            THEN EXISTS (
                SELECT 1 FROM json_items(r.body->'restApi'->'endpointConfiguration'->'types') AS t(item)
                WHERE json_text(t.item) <> 'PRIVATE'
            )
        END AS is_public
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.apigateway_stage'
)

SELECT
    r.*,
    CASE
        WHEN (w.body->'WebACL'->>'ARN') IS NOT NULL THEN TRUE WHEN as_boolean((w.body->>'absent')) THEN FALSE
    END AS has_firewall,
    (w.body->'WebACL'->>'ARN') AS firewall,
    w.body IS NOT NULL AS firewall_read
FROM endpoint AS r
LEFT JOIN raw.record_asof AS w
    ON w.stream = 'aws.wafv2_association'
    AND w.tenant_id = r.tenant_id AND w.connection_id = r.connection_id AND w.resource_id = r.resource_id
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'distribution' AS kind,
    as_boolean((r.body->>'Enabled')) AS is_public,
    (r.body->>'WebACLId') <> '' AS has_firewall,
    CASE WHEN (r.body->>'WebACLId') <> '' THEN (r.body->>'WebACLId') END AS firewall,
    TRUE AS firewall_read
FROM raw.record_asof AS r
WHERE r.stream = 'aws.cloudfront_distribution'
