/*
id: AWS-NET-004
title: Public application endpoints sit behind a web application firewall
# Judged are application load balancers, stages of REST APIs and CloudFront distributions that the internet can reach. A
# load balancer behind a guarded distribution needs a web ACL of its own as long as it has a public address.
severity: medium
resource_type: aws.edge.endpoint
population: aws_edge_endpoint
applies_to: "is_public"
streams: [aws.elbv2_load_balancer, aws.apigateway_stage, aws.cloudfront_distribution, aws.wafv2_association]
freshness_hours: 36
unknown_when: Load balancers, stages, distributions or the web ACL of one were not read.
criteria:
  soc2: [CC6.6]
  iso27001: [A.8.20, A.8.26]
  nist_csf: [PR.IR-01]
  pci_dss: ["6.4.2"]
remediation: Associate a web ACL with the endpoint, or take its public address away.
*/
SELECT
    e.tenant_id,
    e.resource_id,
    CASE WHEN e.has_firewall IS NULL THEN 'UNKNOWN' WHEN e.has_firewall THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN e.has_firewall IS NULL THEN CASE WHEN e.firewall_read THEN 'quarantined' ELSE 'incomplete' END
        WHEN e.has_firewall THEN 'a web ACL guards it'
        ELSE 'no web ACL guards it'
    END AS reason
FROM facts.aws_edge_endpoint AS e
