/*
table: aws_threat
title: What GuardDuty found, and the regions that it could be found in
streams: [aws.guardduty_finding, aws.region]
population_streams: [aws.guardduty_finding, aws.region]
required: [kind, is_known]
columns:
  kind: finding or region
  threat_type: Of a finding, its type
  severity: Its severity without what is behind the point, 1 to 9; 7 and more are high
  is_archived: Whether somebody has dealt with it
  found_at: When it was found
  is_judged: Whether it is of high severity, or a region that the account can use
  is_known: TRUE where a finding says all of that, or a region whether it can be used, else NULL
*/
WITH finding AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'Type') AS threat_type,
        as_integer(split_part((r.body->>'Severity'), '.', 1)) AS severity,
        as_boolean((r.body->'Service'->>'Archived')) AS is_archived,
        as_timestamp((r.body->>'CreatedAt')) AS found_at,
        y.threat_min_severity
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    WHERE r.stream = 'aws.guardduty_finding'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'finding' AS kind,
    r.threat_type, r.severity, r.is_archived, r.found_at,
    r.severity >= r.threat_min_severity AS is_judged,
    CASE
        WHEN r.severity IS NOT NULL AND r.is_archived IS NOT NULL AND r.found_at IS NOT NULL THEN TRUE
    END AS is_known
FROM finding AS r
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id,
    coalesce((r.body->>'RegionName'), split_part(r.resource_id, '/', 2)) AS scope,
    r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    'region' AS kind,
    CAST(NULL AS VARCHAR) AS threat_type,
    CAST(NULL AS BIGINT) AS severity,
    CAST(NULL AS BOOLEAN) AS is_archived,
    CAST(NULL AS TIMESTAMPTZ) AS found_at,
    (r.body->>'OptInStatus') <> 'not-opted-in' AS is_judged,
    CASE WHEN (r.body->>'OptInStatus') IN ('opt-in-not-required', 'opted-in', 'not-opted-in') THEN TRUE END AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.region'
