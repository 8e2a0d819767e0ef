/*
table: github_organization
title: Organisations, with the settings that bind every member
streams: [github.organization]
columns:
  two_factor_required: Whether the organisation requires two-factor authentication; NULL when hidden from the token
  default_repository_permission: What a member may do in every repository (none, read, write, admin); NULL when hidden
  repositories_declared: The organisation's own count of its repositories; NULL when the private ones are hidden
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    as_boolean(r.body->>'two_factor_requirement_enabled') AS two_factor_required,
    (r.body->>'default_repository_permission') AS default_repository_permission,
    as_integer(r.body->>'public_repos') + as_integer(r.body->>'total_private_repos') AS repositories_declared
FROM raw.record_asof AS r
WHERE r.stream = 'github.organization'
