/*
table: jira_project
title: Projects, with the keys that are missing between those of their issues
# Keys are given one after the other, so a number between two issues was an issue once. It may have been moved (the
# changelog of the moved issue says from which key) or deleted (the audit log says it); an issue that a security level
# hides leaves a gap, too. Only gaps whose next issue was made within the tenant's window count.
streams: [jira.project, jira.issue, jira.issue_changelog, jira.audit_record, jira.site]
population_streams: [jira.project]
columns:
  issues: How many issues are known
  missing: How many keys are missing that nothing explains
  gap_before: The issue before which the last gap lies
  deleted: How many missing keys the audit log explains
  is_administered: Whether the token's account administers Jira
  has_levels: Whether an issue of the project bears a security level, so that others may be hidden
  misplaced: How many issues' keys could not be read
*/
WITH known AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        split_part(r.resource_id, '-', 1) AS project,
        as_integer(split_part(r.resource_id, '-', 2)) AS number,
        as_timestamp(r.body->'fields'->>'created') AS created_at,
        (r.body->'fields'->'security'->>'id') IS NOT NULL AS has_level
    FROM raw.record_asof AS r
    WHERE r.stream = 'jira.issue'
),

step AS (
    SELECT
        n.*,
        lag(n.number) OVER (PARTITION BY n.tenant_id, n.connection_id, n.project ORDER BY n.number) AS before
    FROM known AS n
),

gap AS (
    SELECT
        s.tenant_id, s.connection_id, s.project, COALESCE(s.before, 0) AS begins, s.number AS ends,
        s.number - COALESCE(s.before, 0) - 1 AS missing
    FROM step AS s
    CROSS JOIN ops.clock AS c
    JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
    WHERE s.number > COALESCE(s.before, 0) + 1
        AND (s.created_at >= c.as_of - p.jira_window_days * INTERVAL '1 day') IS NOT FALSE
),

explained AS (
    SELECT g.tenant_id, g.connection_id, e.key, bool_or(e.is_deletion) AS is_deletion
    FROM (
        SELECT
            r.tenant_id, r.connection_id, upper(i.item->>'fromString') AS key, FALSE AS is_deletion
        FROM raw.record_asof AS r
        CROSS JOIN LATERAL json_items(r.body->'histories') AS h(item)
        CROSS JOIN LATERAL json_items(h.item->'items') AS i(item)
        WHERE r.stream = 'jira.issue_changelog' AND lower(i.item->>'field') = 'key'
        UNION ALL
        SELECT r.tenant_id, r.connection_id, upper(split_part(trim(n.name), ' ', 1)) AS key, TRUE AS is_deletion
        FROM raw.record_asof AS r
        CROSS JOIN LATERAL (
            SELECT (r.body->'objectItem'->>'name') AS name
            UNION ALL
            SELECT (a.item->>'name') AS name FROM json_items(r.body->'associatedItems') AS a(item)
        ) AS n
        WHERE r.stream = 'jira.audit_record' AND lower(r.body->>'summary') LIKE '%delete%'
    ) AS e
    JOIN gap AS g
        ON g.tenant_id = e.tenant_id
        AND g.connection_id = e.connection_id
        AND g.project = upper(split_part(e.key, '-', 1))
        AND as_integer(split_part(e.key, '-', 2)) > g.begins
        AND as_integer(split_part(e.key, '-', 2)) < g.ends
    GROUP BY g.tenant_id, g.connection_id, e.key
),

whole AS (
    SELECT
        n.tenant_id, n.connection_id, n.project,
        count(*) AS issues,
        count(*) FILTER (WHERE n.number IS NULL) AS misplaced,
        bool_or(n.has_level) AS has_levels
    FROM known AS n
    GROUP BY n.tenant_id, n.connection_id, n.project
),

lost AS (
    SELECT g.tenant_id, g.connection_id, g.project, sum(g.missing) AS missing, max(g.ends) AS ends
    FROM gap AS g
    GROUP BY g.tenant_id, g.connection_id, g.project
),

told AS (
    SELECT
        e.tenant_id, e.connection_id, split_part(e.key, '-', 1) AS project, count(*) AS keys,
        count(*) FILTER (WHERE e.is_deletion) AS deleted
    FROM explained AS e
    GROUP BY e.tenant_id, e.connection_id, split_part(e.key, '-', 1)
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    COALESCE(w.issues, 0) AS issues,
    CAST(COALESCE(l.missing, 0) AS BIGINT) - COALESCE(t.keys, 0) AS missing,
    r.resource_id || '-' || l.ends AS gap_before,
    COALESCE(t.deleted, 0) AS deleted,
    COALESCE(as_boolean(s.body->'permissions'->'ADMINISTER'->>'havePermission'), FALSE) AS is_administered,
    COALESCE(w.has_levels, FALSE) AS has_levels,
    COALESCE(w.misplaced, 0) AS misplaced
FROM raw.record_asof AS r
LEFT JOIN whole AS w
    ON w.tenant_id = r.tenant_id AND w.connection_id = r.connection_id AND w.project = r.resource_id
LEFT JOIN lost AS l
    ON l.tenant_id = r.tenant_id AND l.connection_id = r.connection_id AND l.project = r.resource_id
LEFT JOIN told AS t
    ON t.tenant_id = r.tenant_id AND t.connection_id = r.connection_id AND t.project = r.resource_id
LEFT JOIN raw.record_asof AS s
    ON s.stream = 'jira.site' AND s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id
WHERE r.stream = 'jira.project'
