/*
table: aws_region
title: Regions of an AWS account that are in scope
# A row is filed under its own region, so that only what is wrong in that region concerns it.
streams: [aws.region]
required: [region_name, is_opted_in]
columns:
  is_opted_in: Whether the account can use the region at all
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id,
    coalesce((r.body->>'RegionName'), split_part(r.resource_id, '/', 2)) AS scope,
    r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'RegionName') AS region_name,
    CASE (r.body->>'OptInStatus')
        WHEN 'opt-in-not-required' THEN TRUE WHEN 'opted-in' THEN TRUE WHEN 'not-opted-in' THEN FALSE
    END AS is_opted_in
FROM raw.record_asof AS r
WHERE r.stream = 'aws.region'
