/*
table: aws_external_access
title: Access from outside that Access Analyzer found, and the regions that it could be found in
streams: [aws.access_analyzer_finding, aws.region]
population_streams: [aws.access_analyzer_finding, aws.region]
required: [kind, is_known]
columns:
  kind: finding or region
  status: Of a finding, ACTIVE, ARCHIVED (somebody accepts it) or RESOLVED
  found_at: When it was found
  is_judged: Whether it is about access from outside, or a region that the account can use
  is_known: TRUE where a finding says its status and age, or a region whether it can be used, else NULL
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'finding' AS kind,
    (r.body->>'resource') AS found_resource,
    (r.body->>'status') AS status,
    as_timestamp((r.body->>'createdAt')) AS found_at,
    coalesce((r.body->>'findingType'), 'ExternalAccess') = 'ExternalAccess' AS is_judged,
    CASE
        WHEN (r.body->>'status') IN ('ACTIVE', 'ARCHIVED', 'RESOLVED')
            AND as_timestamp((r.body->>'createdAt')) IS NOT NULL THEN TRUE
    END AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.access_analyzer_finding'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id,
    coalesce((r.body->>'RegionName'), split_part(r.resource_id, '/', 2)) AS scope,
    r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    'region' AS kind,
    CAST(NULL AS VARCHAR) AS found_resource,
    CAST(NULL AS VARCHAR) AS status,
    CAST(NULL AS TIMESTAMPTZ) AS found_at,
    (r.body->>'OptInStatus') <> 'not-opted-in' AS is_judged,
    CASE WHEN (r.body->>'OptInStatus') IN ('opt-in-not-required', 'opted-in', 'not-opted-in') THEN TRUE END AS is_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.region'
