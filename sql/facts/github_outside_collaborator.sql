/*
table: github_outside_collaborator
title: People outside the organisation who may work in some of its repositories
streams: [github.outside_collaborator]
columns:
  kind: User, Bot or another kind of account, as GitHub says it
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'type') AS kind
FROM raw.record_asof AS r
WHERE r.stream = 'github.outside_collaborator'
