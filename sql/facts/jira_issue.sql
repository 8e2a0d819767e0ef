/*
table: jira_issue
title: Issues, with what the tenant's policy takes them for, when they were approved and when they were carried out
# The type decides what an issue is. An approval is a move into an approved status by somebody else than who reported the
# issue; carried out is the first move into a status of the category "done". Source: Jira Cloud, "Search for issues using
# JQL" and "Bulk fetch changelogs", whose `created` is in milliseconds there and a text for one issue.
streams: [jira.issue, jira.issue_changelog]
population_streams: [jira.issue]
required: [type, created_at, is_done]
columns:
  type: The issue's type, in lower case
  created_at: When it was made
  resolved_at: When it was resolved; NULL while it is not
  is_done: Whether its status is of the category done
  priority: Its priority, in lower case
  is_change: Whether it asks for a change of production
  is_access_request: Whether it asks for access
  is_security: Whether it is a security defect
  has_reporter: Whether it says who reported it
  has_history: Whether its changes were read
  approved_at: When somebody else than the reporter first moved it into an approved status; NULL for never
  carried_out_at: When it was first moved into a status that the policy calls carried out; NULL for never
*/
WITH kind AS (
    SELECT p.tenant_id, 'change' AS kind, lower(json_text(i.item)) AS name
    FROM facts.tenant_policy AS p, LATERAL json_items(p.change_request_types) AS i(item)
    UNION
    SELECT p.tenant_id, 'access' AS kind, lower(json_text(i.item)) AS name
    FROM facts.tenant_policy AS p, LATERAL json_items(p.access_request_types) AS i(item)
    UNION
    SELECT p.tenant_id, 'security' AS kind, lower(json_text(i.item)) AS name
    FROM facts.tenant_policy AS p, LATERAL json_items(p.security_issue_types) AS i(item)
),

approved_status AS (
    SELECT DISTINCT p.tenant_id, lower(json_text(i.item)) AS status
    FROM facts.tenant_policy AS p, LATERAL json_items(p.request_approved_statuses) AS i(item)
),

carried_out_status AS (
    SELECT DISTINCT p.tenant_id, lower(json_text(i.item)) AS status
    FROM facts.tenant_policy AS p, LATERAL json_items(p.request_carried_out_statuses) AS i(item)
),

issue AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        lower(r.body->'fields'->'issuetype'->>'name') AS type,
        as_timestamp(r.body->'fields'->>'created') AS created_at,
        as_timestamp(r.body->'fields'->>'resolutiondate') AS resolved_at,
        (r.body->'fields'->'status'->'statusCategory'->>'key') = 'done' AS is_done,
        lower(r.body->'fields'->'priority'->>'name') AS priority,
        (r.body->'fields'->'reporter'->>'accountId') AS reporter
    FROM raw.record_asof AS r
    WHERE r.stream = 'jira.issue'
),

history AS MATERIALIZED (
    SELECT r.tenant_id, r.connection_id, r.resource_id, r.body
    FROM raw.record_asof AS r
    WHERE r.stream = 'jira.issue_changelog' AND json_is_array(r.body->'histories')
),

move AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        lower(i.item->>'toString') AS status,
        (h.item->'author'->>'accountId') AS author,
        COALESCE(
            as_timestamp(h.item->>'created'),
            CASE
                WHEN as_integer(h.item->>'created') BETWEEN 946684800000 AND 4102444800000
                    THEN to_timestamp(as_integer(h.item->>'created') / 1000.0)
            END
        ) AS moved_at
    FROM history AS r
    CROSS JOIN LATERAL json_items(r.body->'histories') AS h(item)
    CROSS JOIN LATERAL json_items(h.item->'items') AS i(item)
    WHERE (i.item->>'field') = 'status'
),

moved AS (
    SELECT
        m.tenant_id, m.connection_id, m.resource_id,
        min(m.moved_at) FILTER (WHERE a.status IS NOT NULL AND m.author <> s.reporter) AS approved_at,
        min(m.moved_at) FILTER (WHERE c.status IS NOT NULL) AS carried_out_at
    FROM move AS m
    JOIN issue AS s
        ON s.tenant_id = m.tenant_id AND s.connection_id = m.connection_id AND s.resource_id = m.resource_id
    LEFT JOIN approved_status AS a ON a.tenant_id = m.tenant_id AND a.status = m.status
    LEFT JOIN carried_out_status AS c ON c.tenant_id = m.tenant_id AND c.status = m.status
    GROUP BY m.tenant_id, m.connection_id, m.resource_id
)

SELECT
    s.tenant_id, s.connection_id, s.account_id, s.scope, s.resource_id, s.observed_at, s.collected_at, s.evidence_sha256,
    s.type, s.created_at, s.resolved_at, s.is_done, s.priority,
    k.is_change, k.is_access_request, k.is_security,
    s.reporter IS NOT NULL AS has_reporter,
    h.resource_id IS NOT NULL AS has_history,
    m.approved_at,
    m.carried_out_at
FROM issue AS s
LEFT JOIN (
    SELECT
        i.tenant_id, i.connection_id, i.resource_id,
        COALESCE(bool_or(n.kind = 'change'), FALSE) AS is_change,
        COALESCE(bool_or(n.kind = 'access'), FALSE) AS is_access_request,
        COALESCE(bool_or(n.kind = 'security'), FALSE) AS is_security
    FROM issue AS i
    LEFT JOIN kind AS n ON n.tenant_id = i.tenant_id AND n.name = i.type
    GROUP BY i.tenant_id, i.connection_id, i.resource_id
) AS k
    ON k.tenant_id = s.tenant_id AND k.connection_id = s.connection_id AND k.resource_id = s.resource_id
LEFT JOIN history AS h
    ON h.tenant_id = s.tenant_id AND h.connection_id = s.connection_id AND h.resource_id = s.resource_id
LEFT JOIN moved AS m
    ON m.tenant_id = s.tenant_id AND m.connection_id = s.connection_id AND m.resource_id = s.resource_id
