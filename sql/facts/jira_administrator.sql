/*
table: jira_administrator
title: Accounts that a group makes administrators of the site
streams: [jira.group, jira.group_member]
population_streams: [jira.group_member]
columns:
  email: The account's address in lower case; NULL where its owner hides it
  is_active: Whether the account is active; NULL where the list does not say it
  groups: The groups that make it an administrator
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    (m.item->>'accountId') AS resource_id,
    max(r.observed_at) AS observed_at,
    min(r.collected_at) AS collected_at,
    max(r.evidence_sha256) AS evidence_sha256,
    max(lower(m.item->>'emailAddress')) AS email,
    bool_or(as_boolean(m.item->>'active')) AS is_active,
    string_agg(r.resource_id, ', ' ORDER BY r.resource_id) AS groups
FROM raw.record_asof AS r
CROSS JOIN LATERAL json_items(r.body->'members') AS m(item)
WHERE r.stream = 'jira.group_member' AND (m.item->>'accountId') IS NOT NULL
GROUP BY r.tenant_id, r.connection_id, r.account_id, r.scope, (m.item->>'accountId')
