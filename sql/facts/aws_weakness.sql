/*
table: aws_weakness
title: Critical and high weaknesses that Inspector found, and the regions that it could find them in
streams: [aws.inspector_finding, aws.region]
population_streams: [aws.inspector_finding, aws.region]
required: [kind, is_known]
columns:
  kind: finding or region
  severity: Of a finding, CRITICAL or HIGH
  status: ACTIVE, SUPPRESSED (somebody accepts it) or CLOSED
  found_at: When it was first seen
  is_judged: Whether it is critical or high, or a region that the account can use
  is_known: TRUE where a finding says all of that, or a region whether it can be used, else NULL
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'finding' AS kind,
    (r.body->>'title') AS weakness,
    (r.body->>'severity') AS severity,
    (r.body->>'status') AS status,
    as_timestamp((r.body->>'firstObservedAt')) AS found_at,
    (r.body->>'severity') IN ('CRITICAL', 'HIGH') AS is_judged,
    CASE
        WHEN (r.body->>'severity') IS NOT NULL AND (r.body->>'status') IN ('ACTIVE', 'SUPPRESSED', 'CLOSED')
            AND as_timestamp((r.body->>'firstObservedAt')) IS NOT NULL THEN TRUE
    END AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.inspector_finding'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id,
    coalesce((r.body->>'RegionName'), split_part(r.resource_id, '/', 2)) AS scope,
    r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    'region' AS kind,
    CAST(NULL AS VARCHAR) AS weakness,
    CAST(NULL AS VARCHAR) AS severity,
    CAST(NULL AS VARCHAR) AS status,
    CAST(NULL AS TIMESTAMPTZ) AS found_at,
    (r.body->>'OptInStatus') <> 'not-opted-in' AS is_judged,
    CASE WHEN (r.body->>'OptInStatus') IN ('opt-in-not-required', 'opted-in', 'not-opted-in') THEN TRUE END AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.region'
