/*
id: AWS-NET-005
title: Public listeners require modern TLS and redirect plain HTTP
# A listener for HTTP is judged by its default action; rules beside it are not read. Listeners for TCP and UDP hand
# connections on as they are, and are not judged.
severity: medium
resource_type: aws.edge.endpoint
population: aws_edge_listener
applies_to: "is_public AND is_web"
streams: [aws.elbv2_listener, aws.elbv2_load_balancer, aws.cloudfront_distribution]
freshness_hours: 36
policy: [modern_tls_policies]
unknown_when: Listeners, their load balancers or distributions were not read, or one names no security policy.
criteria:
  soc2: [CC6.7]
  iso27001: [A.5.14, A.8.24]
  nist_csf: [PR.DS-02]
  hipaa: ["164.312(e)(1)", "164.312(e)(2)(ii)"]
  pci_dss: ["4.2.1"]
remediation: >-
  Choose a security policy that begins at TLS 1.2 (for CloudFront with a certificate of your own), and let plain HTTP
  redirect to HTTPS.
*/
WITH listener AS (
    SELECT
        l.tenant_id, l.resource_id, l.protocol, l.tls_policy, l.redirects,
        CASE
            WHEN l.protocol = 'HTTP' THEN TRUE
            WHEN l.tls_policy IS NOT NULL THEN pattern_rank(l.tls_policy, p.modern_tls_policies) > 0
        END AS is_modern
    FROM facts.aws_edge_listener AS l
    JOIN facts.tenant_policy AS p ON p.tenant_id = l.tenant_id
)

SELECT
    l.tenant_id,
    l.resource_id,
    CASE
        WHEN NOT l.is_modern OR NOT l.redirects THEN 'FAIL'
        WHEN l.is_modern IS NULL OR l.redirects IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN NOT l.is_modern THEN 'its security policy is ' || l.tls_policy
        WHEN NOT l.redirects THEN 'plain HTTP is answered without a redirect to HTTPS'
        WHEN l.is_modern IS NULL OR l.redirects IS NULL THEN 'quarantined'
        WHEN l.protocol = 'HTTP' THEN 'plain HTTP is redirected to HTTPS'
        ELSE 'its security policy is ' || l.tls_policy
    END AS reason
FROM listener AS l
