/*
id: AWS-NET-006
title: Certificates in use are valid beyond the renewal margin
# CloudFront uses certificates of us-east-1 only (of the commercial partition), which must be among the regions read.
severity: medium
resource_type: aws.acm.certificate
population: aws_acm_certificate
applies_to: "is_in_use"
streams: [aws.acm_certificate]
freshness_hours: 36
policy: [certificate_renewal_margin_days]
unknown_when: Certificates of the region, or what ACM says of one, were not read.
criteria:
  soc2: [CC6.7]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-02]
  pci_dss: ["4.2.1"]
remediation: Renew or replace the certificate, and look into why it does not renew by itself.
*/
SELECT
    t.tenant_id,
    t.resource_id,
    CASE
        WHEN t.status <> 'ISSUED' THEN 'FAIL'
        WHEN t.not_after IS NULL THEN 'UNKNOWN'
        WHEN t.not_after < c.as_of + p.certificate_renewal_margin_days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN t.status <> 'ISSUED' THEN 'it is in use and ' || lower(replace(t.status, '_', ' '))
        WHEN t.not_after IS NULL THEN 'quarantined'
        ELSE 'it is valid until ' || CAST(CAST(t.not_after AS DATE) AS VARCHAR)
    END AS reason
FROM facts.aws_acm_certificate AS t
JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
CROSS JOIN ops.clock AS c
