/*
table: slack_user_known
title: Members in the list of users, and those that only the list of billing knows
streams: [slack.user, slack.billable_user]
population_streams: [slack.user]
columns:
  is_listed: Whether the list of users holds the member
  is_billed: Whether the list of billing holds the member
  is_active_person: Whether it is a person who is not deactivated
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    TRUE AS is_listed,
    b.resource_id IS NOT NULL AS is_billed,
    NOT as_boolean(r.body->>'deleted')
        AND r.resource_id <> 'USLACKBOT'
        AND NOT COALESCE(as_boolean(r.body->>'is_bot'), FALSE)
        AND NOT COALESCE(as_boolean(r.body->>'is_app_user'), FALSE)
        AND NOT COALESCE(as_boolean(r.body->>'is_workflow_bot'), FALSE)
        AND NOT COALESCE(as_boolean(r.body->>'is_stranger'), FALSE) AS is_active_person
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS b
    ON b.stream = 'slack.billable_user'
    AND b.tenant_id = r.tenant_id
    AND b.connection_id = r.connection_id
    AND b.resource_id = r.resource_id
WHERE r.stream = 'slack.user'
UNION ALL
SELECT
    b.tenant_id, b.connection_id, b.account_id, b.scope, b.resource_id, b.observed_at, b.collected_at, b.evidence_sha256,
    FALSE AS is_listed,
    TRUE AS is_billed,
    CAST(NULL AS BOOLEAN) AS is_active_person
FROM raw.record_asof AS b
WHERE b.stream = 'slack.billable_user'
    AND NOT EXISTS (
        SELECT 1
        FROM raw.record_asof AS r
        WHERE r.stream = 'slack.user'
            AND r.tenant_id = b.tenant_id
            AND r.connection_id = b.connection_id
            AND r.resource_id = b.resource_id
    )
