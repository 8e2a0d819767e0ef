/*
table: slack_user
title: Members of the Slack workspace (people, guests, bots, deactivated ones)
# A deactivated member lacks what only active ones have, so that is read where the member is active. Source: Slack, "User
# object"; has_2fa and the e-mail address are left out for tokens that may not see them.
streams: [slack.user]
required: [is_deleted]
columns:
  is_deleted: Whether the member is deactivated
  is_person: Whether it is a person, guests included, and no bot, app, workflow, Slackbot or stranger of another workspace
  is_guest: Whether the person is a guest, of several channels or of one
  is_admin: Whether the person owns or administers the workspace
  is_service_account: Whether the tenant's policy names it as one
  email: The e-mail address in lower case; NULL where the token may not see it
  has_2fa: Whether the person has two-factor authentication; NULL where the token may not see it
  name: What the member is called
  read_at: As of when the list of members is known
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    as_boolean(r.body->>'deleted') AS is_deleted,
    NOT (
        r.resource_id = 'USLACKBOT'
        OR COALESCE(as_boolean(r.body->>'is_bot'), FALSE)
        OR COALESCE(as_boolean(r.body->>'is_app_user'), FALSE)
        OR COALESCE(as_boolean(r.body->>'is_workflow_bot'), FALSE)
        OR COALESCE(as_boolean(r.body->>'is_connector_bot'), FALSE)
        OR COALESCE(as_boolean(r.body->>'is_stranger'), FALSE)
    ) AS is_person,
    COALESCE(as_boolean(r.body->>'is_restricted'), FALSE)
        OR COALESCE(as_boolean(r.body->>'is_ultra_restricted'), FALSE) AS is_guest,
    CASE
        WHEN as_boolean(r.body->>'is_admin')
            OR as_boolean(r.body->>'is_owner')
            OR as_boolean(r.body->>'is_primary_owner') THEN TRUE
        WHEN NOT as_boolean(r.body->>'is_admin') AND NOT as_boolean(r.body->>'is_owner') THEN FALSE
    END AS is_admin,
    json_holds(p.slack_service_accounts, r.resource_id)
        OR json_holds(p.slack_service_accounts, r.body->'profile'->>'email') AS is_service_account,
    lower(r.body->'profile'->>'email') AS email,
    as_boolean(r.body->>'has_2fa') AS has_2fa,
    (r.body->>'name') AS name,
    COALESCE(u.proven_at, u.finished_at) AS read_at
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN raw.last_receipt_asof AS u
    ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.stream = r.stream AND u.scope = r.scope
WHERE r.stream = 'slack.user'
