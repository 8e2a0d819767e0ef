/*
id: AWS-LOG-006
title: Audit and production logs are retained for the documented period
# What a trail delivers into always counts; other log groups count when they are tagged as production.
severity: medium
resource_type: aws.log_store
population: aws_log_store
applies_to: "is_audit OR environment = 'production'"
streams: [aws.logs_log_group, aws.cloudtrail_trail, aws.resource_tag, aws.s3_bucket, aws.s3_bucket_lifecycle]
freshness_hours: 36
policy: [log_retention_days, production_tag_key, production_tag_values, non_production_tag_values, untagged_resources]
unknown_when: >-
  Log groups, their tags, trails or the lifecycle of a trail's bucket were not read, a log group has no tag that
  says whether it is production, or the bucket of a trail lies in an account that the tenant has not connected.
criteria:
  soc2: [CC7.2]
  iso27001: [A.5.33, A.8.15]
  nist_csf: [PR.PS-04]
  hipaa: ["164.312(b)"]
  pci_dss: ["10.5.1"]
remediation: >-
  Set the retention of the log group, or the expiration in the bucket's lifecycle rules, to the documented period or
  longer.
*/
SELECT
    s.tenant_id,
    s.resource_id,
    CASE
        WHEN NOT s.is_retention_known THEN 'UNKNOWN'
        WHEN s.expires_after_days IS NULL OR s.expires_after_days >= p.log_retention_days THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN NOT s.is_retention_known THEN 'incomplete'
        WHEN s.expires_after_days IS NULL THEN 'logs never expire'
        WHEN s.expires_after_days >= p.log_retention_days THEN 'logs are kept for ' || s.expires_after_days || ' days'
        WHEN s.kind = 'log_group'
        THEN 'logs are kept for ' || s.expires_after_days || ' days, fewer than ' || p.log_retention_days
        ELSE 'a lifecycle rule may delete trail files before ' || p.log_retention_days || ' days'
    END AS reason
FROM facts.aws_log_store AS s
JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
