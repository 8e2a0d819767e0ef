/*
id: AWS-LOG-008
title: AWS Config records every enabled region
severity: medium
resource_type: aws.region
population: aws_region
applies_to: "is_opted_in"
streams: [aws.region, aws.config_recorder, aws.config_recorder_status]
freshness_hours: 36
policy: [config_all_resource_types_required]
unknown_when: Regions were not read, or the recorders or their status in the region were not.
criteria:
  soc2: [CC7.1]
  iso27001: [A.8.9]
  nist_csf: [PR.PS-01, ID.AM-02]
  pci_dss: ["2.2.1"]
remediation: Make a recorder for all resource types in the region, start it, and repair its delivery channel.
*/
WITH recorder AS (
    SELECT
        k.tenant_id, k.connection_id, k.scope, k.is_recording,
        k.is_recording
            AND (k.last_status IS NULL OR k.last_status <> 'failure')
            AND (k.records_all OR NOT p.config_all_resource_types_required) AS is_good,
        (k.status_read AND k.is_recording IS NULL) OR k.records_all IS NULL AS is_unclear
    FROM facts.aws_config_recorder AS k
    JOIN facts.tenant_policy AS p ON p.tenant_id = k.tenant_id
),

region AS (
    SELECT
        k.tenant_id, k.connection_id, k.scope,
        bool_or(k.is_good) AS is_good,
        bool_or(k.is_good IS NULL) AS is_unknown,
        bool_or(k.is_good IS NULL AND k.is_unclear) AS is_unclear,
        bool_or(k.is_recording) AS is_recording
    FROM recorder AS k
    GROUP BY k.tenant_id, k.connection_id, k.scope
)

SELECT
    r.tenant_id,
    r.resource_id,
    CASE WHEN k.is_good THEN 'PASS' WHEN k.is_unknown THEN 'UNKNOWN' ELSE 'FAIL' END AS status,
    CASE
        WHEN k.is_good THEN 'a recorder runs'
        WHEN k.is_unclear THEN 'quarantined'
        WHEN k.is_unknown THEN 'incomplete'
        WHEN k.tenant_id IS NULL THEN 'the region has no recorder'
        WHEN NOT k.is_recording THEN 'the recorder is stopped'
        ELSE 'the recorder fails or leaves out resource types'
    END AS reason
FROM facts.aws_region AS r
LEFT JOIN region AS k
    ON k.tenant_id = r.tenant_id AND k.connection_id = r.connection_id AND k.scope = r.region_name
