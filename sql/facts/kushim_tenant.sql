/*
table: kushim_tenant
title: Tenants and the frameworks that they are judged by
streams: [kushim.tenant]
required: [name]
columns:
  name: the tenant's name
  frameworks: JSON array of framework ids
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'name') AS name,
    (r.body->'frameworks') AS frameworks
FROM raw.record_asof AS r
WHERE r.stream = 'kushim.tenant'
