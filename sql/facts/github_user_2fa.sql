/*
table: github_user_2fa
title: Everyone with access to the organisation, and whether GitHub says that they lack two-factor authentication
streams:
  [github.member, github.outside_collaborator, github.member_without_2fa, github.outside_collaborator_without_2fa]
population_streams: [github.member, github.outside_collaborator]
columns:
  is_member: Whether the login is a member, rather than an outside collaborator
  without_2fa: Whether one of GitHub's filters for accounts without two-factor authentication names the login
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    max(r.observed_at) AS observed_at,
    min(r.collected_at) AS collected_at,
    -- The page that names the lack where there is one, else the list that the person stands in.
    COALESCE(
        max(r.evidence_sha256) FILTER (
            WHERE r.stream IN ('github.member_without_2fa', 'github.outside_collaborator_without_2fa')
        ),
        max(r.evidence_sha256)
    ) AS evidence_sha256,
    bool_or(r.stream IN ('github.member', 'github.member_without_2fa')) AS is_member,
    bool_or(r.stream IN ('github.member_without_2fa', 'github.outside_collaborator_without_2fa')) AS without_2fa
FROM raw.record_asof AS r
WHERE r.stream IN (
    'github.member', 'github.outside_collaborator',
    'github.member_without_2fa', 'github.outside_collaborator_without_2fa'
)
GROUP BY r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id
