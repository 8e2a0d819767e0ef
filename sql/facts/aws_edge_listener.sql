/*
table: aws_edge_listener
title: Where load balancers and CloudFront listen, of the internet or not
# With CloudFront's own certificate its security policy is TLSv1, whatever is configured (CloudFront developer guide).
streams: [aws.elbv2_listener, aws.elbv2_load_balancer, aws.cloudfront_distribution]
population_streams: [aws.elbv2_listener, aws.cloudfront_distribution]
required: [kind, protocol]
columns:
  kind: listener or distribution
  protocol: HTTP, HTTPS, TLS, TCP, UDP and so on; HTTPS for a distribution
  is_public: Whether the internet can reach it; NULL where its load balancer was not read
  is_web: Whether it speaks HTTP or TLS itself; behind TCP and UDP the target may
  tls_policy: The security policy of its TLS; NULL for plain HTTP or where none is named
  redirects: Whether plain HTTP is answered with a redirect to HTTPS or not at all; NULL where that is not understood
*/
WITH distribution AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, r.body,
        (r.body->'DefaultCacheBehavior'->>'ViewerProtocolPolicy') AS default_policy,
        EXISTS (
            SELECT 1 FROM json_items(r.body->'CacheBehaviors'->'Items') AS b(item)
            WHERE coalesce((b.item->>'ViewerProtocolPolicy'), 'allow-all')
                NOT IN ('redirect-to-https', 'https-only')
        ) AS has_plain_behaviour
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.cloudfront_distribution'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'listener' AS kind,
    (r.body->>'Protocol') AS protocol,
    as_integer((r.body->>'Port')) AS port,
    CASE (b.body->>'Scheme') WHEN 'internet-facing' THEN TRUE WHEN 'internal' THEN FALSE END AS is_public,
    (r.body->>'Protocol') IN ('HTTP', 'HTTPS', 'TLS') AS is_web,
    CASE WHEN (r.body->>'Protocol') <> 'HTTP' THEN (r.body->>'SslPolicy') END AS tls_policy,
    CASE
        WHEN (r.body->>'Protocol') = 'HTTP' AND json_is_array(r.body->'DefaultActions')
        THEN EXISTS (
            SELECT 1 FROM json_items(r.body->'DefaultActions') AS a(item)
            WHERE (a.item->>'Type') = 'redirect' AND (a.item->'RedirectConfig'->>'Protocol') = 'HTTPS'
        )
        WHEN (r.body->>'Protocol') <> 'HTTP' THEN TRUE
    END AS redirects
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS b
    ON b.stream = 'aws.elbv2_load_balancer'
    AND b.tenant_id = r.tenant_id AND b.connection_id = r.connection_id
    AND b.resource_id = (r.body->>'LoadBalancerArn')
WHERE r.stream = 'aws.elbv2_listener'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'distribution' AS kind,
    'HTTPS' AS protocol,
    CAST(443 AS BIGINT) AS port,
    as_boolean((r.body->>'Enabled')) AS is_public,
    TRUE AS is_web,
    CASE
        WHEN as_boolean((r.body->'ViewerCertificate'->>'CloudFrontDefaultCertificate')) THEN 'TLSv1'
        ELSE (r.body->'ViewerCertificate'->>'MinimumProtocolVersion')
    END AS tls_policy,
    CASE
        WHEN r.default_policy IN ('redirect-to-https', 'https-only') THEN NOT r.has_plain_behaviour
        WHEN r.default_policy = 'allow-all' THEN FALSE
    END AS redirects
FROM distribution AS r
