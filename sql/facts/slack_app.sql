/*
table: slack_app
title: Apps and integrations that are installed, by the log of who added and removed them
# An app is installed while the last entry of the log about it does not take it away. Source: Slack, "team.integrationLogs"
# (an app has app_id, an old-style integration service_id) and "admin.apps.approved.list" (Enterprise).
streams: [slack.integration_log, slack.app]
population_streams: [slack.integration_log]
columns:
  name: What the app is called
  is_installed: Whether it is installed; NULL where the log's last word is not understood
  is_register_given: Whether the tenant's policy names approved apps, or Slack's own list of them was read and names some
  is_approved: Whether one of them names the app
*/
WITH entry AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.collected_at, r.evidence_sha256,
        COALESCE(r.body->>'app_id', r.body->>'service_id', r.resource_id) AS app_id,
        COALESCE(r.body->>'app_type', r.body->>'service_type') AS name,
        CASE
            WHEN (r.body->>'app_id') IS NULL AND (r.body->>'service_id') IS NULL THEN NULL
            ELSE (r.body->>'change_type')
        END AS change,
        COALESCE(as_integer(split_part(r.body->>'date', '.', 1)), 0) AS seconds
    FROM raw.record_asof AS r
    WHERE r.stream = 'slack.integration_log'
),

latest AS (
    SELECT
        e.*,
        row_number() OVER (
            PARTITION BY e.tenant_id, e.connection_id, e.app_id
            -- At the same second what leaves the app installed counts, so that none is overlooked.
            ORDER BY e.seconds DESC, CASE WHEN e.change IN ('removed', 'disabled') THEN 1 ELSE 0 END, e.change, e.name,
                e.evidence_sha256
        ) AS place
    FROM entry AS e
),

listed AS (
    SELECT
        a.tenant_id, a.connection_id, a.resource_id
    FROM raw.record_asof AS a
    WHERE a.stream = 'slack.app'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.app_id AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, r.collected_at, r.evidence_sha256,
    r.name,
    CASE
        WHEN r.change IN ('removed', 'disabled') THEN FALSE
        WHEN r.change IN ('added', 'enabled', 'expanded', 'updated') THEN TRUE
    END AS is_installed,
    json_is_filled(p.slack_approved_apps)
        OR EXISTS (
            SELECT 1 FROM listed AS a WHERE a.tenant_id = r.tenant_id AND a.connection_id = r.connection_id
        ) AS is_register_given,
    json_holds(p.slack_approved_apps, r.app_id)
        OR json_holds(p.slack_approved_apps, r.name)
        OR EXISTS (
            SELECT 1
            FROM listed AS a
            WHERE a.tenant_id = r.tenant_id AND a.connection_id = r.connection_id AND a.resource_id = r.app_id
        ) AS is_approved
FROM latest AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
WHERE r.place = 1
