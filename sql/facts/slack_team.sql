/*
table: slack_team
title: Workspaces, and whether single sign-on is connected to them
streams: [slack.team]
columns:
  has_sso: Whether Slack names a provider of single sign-on; that says nothing of whether members must use it
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->'team'->>'sso_provider') IS NOT NULL AS has_sso
FROM raw.record_asof AS r
WHERE r.stream = 'slack.team'
