/*
table: github_member
title: Members of the organisation, owners among them
# An owner whom the list of members leaves out is a row too: nobody with every right may hide between two lists.
streams: [github.member, github.owner, github.member_without_2fa]
population_streams: [github.member, github.owner]
columns:
  is_owner: Whether the list of owners names the login
  without_2fa: Whether GitHub's filter for accounts without two-factor authentication names the login
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    max(r.observed_at) AS observed_at,
    min(r.collected_at) AS collected_at,
    COALESCE(
        max(r.evidence_sha256) FILTER (WHERE r.stream = 'github.owner'), max(r.evidence_sha256)
    ) AS evidence_sha256,
    bool_or(r.stream = 'github.owner') AS is_owner,
    bool_or(r.stream = 'github.member_without_2fa') AS without_2fa
FROM raw.record_asof AS r
WHERE r.stream IN ('github.member', 'github.owner', 'github.member_without_2fa')
GROUP BY r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id
