/*
id: AWS-LOG-001
title: A multi-region trail is logging in every in-scope account
severity: critical
resource_type: aws.account
population: aws_account
streams: [aws.account, aws.cloudtrail_trail, aws.cloudtrail_trail_status, aws.cloudtrail_event_selectors]
freshness_hours: 36
unknown_when: >-
  Accounts or trails were not read, or the status or selectors of a trail could not be read, as of an organisation
  trail seen from a member account.
criteria:
  soc2: [CC7.2]
  iso27001: [A.8.15]
  nist_csf: [PR.PS-04]
  hipaa: ["164.312(b)"]
  pci_dss: ["10.2.1"]
remediation: >-
  Make a trail for all regions that records management events (reads and writes), start it, and repair its delivery.
*/
WITH trail AS (
    SELECT
        t.tenant_id, t.connection_id, t.is_multi_region, t.is_logging, t.delivery_error,
        t.is_multi_region AND t.is_logging AND t.delivery_error IS NULL AND t.selects_reads AND t.selects_writes
            AS is_good,
        (t.status_read AND t.is_logging IS NULL) OR (t.selectors_read AND t.selects_reads IS NULL) AS is_unclear
    FROM facts.aws_cloudtrail_trail AS t
),

account AS (
    SELECT
        t.tenant_id, t.connection_id,
        bool_or(t.is_good) AS is_good,
        bool_or(t.is_good IS NULL) AS is_unknown,
        bool_or(t.is_good IS NULL AND t.is_unclear) AS is_unclear,
        bool_or(t.is_multi_region) AS is_multi_region,
        bool_or(t.is_multi_region AND t.is_logging) AS is_logging,
        bool_or(t.is_multi_region AND t.is_logging AND t.delivery_error IS NULL) AS delivers
    FROM trail AS t
    GROUP BY t.tenant_id, t.connection_id
)

SELECT
    a.tenant_id,
    a.resource_id,
    CASE WHEN t.is_good THEN 'PASS' WHEN t.is_unknown THEN 'UNKNOWN' ELSE 'FAIL' END AS status,
    CASE
        WHEN t.is_good THEN 'a trail over all regions records management events'
        WHEN t.is_unclear THEN 'quarantined'
        WHEN t.is_unknown THEN 'incomplete'
        WHEN t.tenant_id IS NULL THEN 'there is no trail'
        WHEN NOT t.is_multi_region THEN 'no trail covers all regions'
        WHEN NOT t.is_logging THEN 'the trail over all regions is stopped'
        WHEN NOT t.delivers THEN 'the trail over all regions cannot deliver into its bucket'
        ELSE 'the trail over all regions leaves out management events that read or write'
    END AS reason
FROM facts.aws_account AS a
LEFT JOIN account AS t ON t.tenant_id = a.tenant_id AND t.connection_id = a.connection_id
