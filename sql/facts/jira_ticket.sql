/*
table: jira_ticket
title: Issues that are changes, access requests, incidents, security defects or risks, with what their changelogs show
# What an issue is, and which statuses mean what, the tenant's policy says by names. An approval is a move into an
# approved status in which it is not carried out yet, or a decision of Jira Service Management, by somebody who never asked: neither
# the creator nor anybody who was its reporter at any time. A later rejection takes it back.
# Each site is a row too, so that no incident and no risk at all can be told from those that were not written down.
# Source: Jira Cloud REST v3, "Bulk fetch changelogs" (whose `created` is in milliseconds) and "Get changelogs".
streams: [jira.issue, jira.issue_changelog]
population_streams: [jira.issue]
columns:
  is_site: Whether the row stands for the whole site
  is_change: Whether it is a change
  is_emergency: Whether it is an emergency change
  is_access: Whether it asks for access
  is_incident: Whether it is an incident
  is_defect: Whether it is a security defect
  is_risk: Whether it is an entry of the risk register
  is_in_window: Whether it was made, first carried out, or resolved within the tenant's window
  is_cancelled: Whether it ended without being carried out
  is_done: Whether it is carried out or in a status of the category done, or was carried out at any time
  has_history: Whether its changelog is there, and its states follow each other up to the one that it has
  has_reporter: Whether it says who asked
  created_at: When it was made
  done_at: When it was first carried out
  resolved_at: When it was resolved; NULL while it is not
  approved_at: The last approval before it was carried out
  authorised_at: The same, by somebody who may approve access
  is_self_approved: Whether somebody who asked moved it to an approved status
  reviewed_at: When somebody who had not asked first took it into a review, or out of one
  learned_at: When a review of any kind began, or a linked review was resolved
  owner: Whose it is
  severity: Its severity
  moves: How many times its status changed
  allowed_days: Within how many days of its making a defect must be resolved, by the most severe it was held for
  is_unfixed: Whether it was resolved without a fix
  has_treatment: Whether a treatment of the risk is chosen
  assessed_at: When the risk was last reviewed, or made
  is_closed: Whether it is resolved, or in a status of the category done
  incidents: Of a site, incidents in the window
  risks: Of a site, entries of the risk register
  statement_at: Of a site, when it was last signed that there were no incidents
required: [created_at]
*/
WITH said AS MATERIALIZED (
    SELECT
        w.tenant_id, w.word,
        bool_or(w.role = 'change') AS is_change,
        bool_or(w.role = 'emergency') AS is_emergency,
        bool_or(w.role = 'access') AS is_access,
        bool_or(w.role = 'incident') AS is_incident,
        bool_or(w.role = 'defect') AS is_defect,
        bool_or(w.role = 'risk') AS is_risk,
        bool_or(w.role = 'lesson') AS is_lesson,
        bool_or(w.role = 'emergency label') AS marks_emergency,
        bool_or(w.role = 'defect label') AS marks_defect,
        bool_or(w.role = 'nil label') AS marks_nil,
        bool_or(w.role = 'approved') AS is_approved,
        bool_or(w.role = 'done') AS is_done,
        bool_or(w.role = 'rejected') AS is_rejected,
        bool_or(w.role = 'review') AS is_review,
        bool_or(w.role = 'assessed') AS is_assessed
    FROM (
        SELECT p.tenant_id, l.role, lower(trim(json_text(i.item))) AS word
        FROM facts.tenant_policy AS p
        CROSS JOIN LATERAL (
            SELECT 'change' AS role, p.change_request_types AS words
            UNION ALL SELECT 'emergency', p.emergency_change_types
            UNION ALL SELECT 'access', p.access_request_types
            UNION ALL SELECT 'incident', p.incident_types
            UNION ALL SELECT 'defect', p.security_issue_types
            UNION ALL SELECT 'risk', p.risk_types
            UNION ALL SELECT 'lesson', p.incident_review_types
            UNION ALL SELECT 'emergency label', p.emergency_change_labels
            UNION ALL SELECT 'defect label', p.security_defect_labels
            UNION ALL SELECT 'nil label', p.nil_statement_labels
            UNION ALL SELECT 'approved', p.request_approved_statuses
            UNION ALL SELECT 'done', p.request_carried_out_statuses
            UNION ALL SELECT 'rejected', p.request_rejected_statuses
            UNION ALL SELECT 'review', p.review_statuses
            UNION ALL SELECT 'assessed', p.risk_review_statuses
        ) AS l
        CROSS JOIN LATERAL json_items(l.words) AS i(item)
    ) AS w
    GROUP BY w.tenant_id, w.word
),

mark AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        bool_or(s.marks_emergency) AS is_emergency, bool_or(s.marks_defect) AS is_defect, bool_or(s.marks_nil) AS is_nil,
        bool_or(pattern_rank(json_text(b.item), p.risk_treatment_labels) > 0) AS has_treatment
    FROM raw.record_asof AS r
    CROSS JOIN LATERAL json_items(r.body->'fields'->'labels') AS b(item)
    JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    LEFT JOIN said AS s ON s.tenant_id = r.tenant_id AND s.word = lower(json_text(b.item))
    WHERE r.stream = 'jira.issue'
    GROUP BY r.tenant_id, r.connection_id, r.resource_id
),

issue AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256, r.body,
        COALESCE(k.is_change OR k.is_emergency, FALSE) AS is_change,
        COALESCE(k.is_emergency, FALSE)
            OR (COALESCE(k.is_change, FALSE) AND COALESCE(m.is_emergency, FALSE)) AS is_emergency,
        COALESCE(k.is_access, FALSE) AS is_access,
        COALESCE(k.is_incident, FALSE) AS is_incident,
        COALESCE(k.is_defect, FALSE) OR COALESCE(m.is_defect, FALSE) AS is_defect,
        COALESCE(k.is_risk, FALSE) AND (
            NOT json_is_filled(p.risk_projects)
            OR json_holds(p.risk_projects, r.body->'fields'->'project'->>'key')
        ) AS is_risk,
        COALESCE(m.is_nil, FALSE) AS is_nil,
        COALESCE(m.has_treatment, FALSE)
            OR COALESCE(r.body->'fields'->>p.risk_treatment_field, '') NOT IN ('', '[]') AS has_treatment,
        as_timestamp(r.body->'fields'->>'created') AS created_at,
        as_timestamp(r.body->'fields'->>'updated') AS updated_at,
        as_timestamp(r.body->'fields'->>'resolutiondate') AS resolved_at,
        (r.body->'fields'->'status'->>'id') AS status_id,
        lower(r.body->'fields'->'status'->>'name') AS status,
        (r.body->'fields'->'status'->'statusCategory'->>'key') AS category,
        (r.body->'fields'->'resolution'->>'name') AS resolution,
        NULLIF(
            COALESCE(
                r.body->'fields'->p.severity_field->>'name',
                r.body->'fields'->p.severity_field->>'value',
                r.body->'fields'->>p.severity_field
            ),
            ''
        ) AS severity
    FROM raw.record_asof AS r
    JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    LEFT JOIN said AS k ON k.tenant_id = r.tenant_id AND k.word = lower(r.body->'fields'->'issuetype'->>'name')
    LEFT JOIN mark AS m
        ON m.tenant_id = r.tenant_id AND m.connection_id = r.connection_id AND m.resource_id = r.resource_id
    WHERE r.stream = 'jira.issue'
        AND (
            k.is_change OR k.is_emergency OR k.is_access OR k.is_incident OR k.is_defect OR k.is_risk OR m.is_defect
            OR m.is_nil
        )
),

-- What their changelogs say of status, reporter and severity.
change AS MATERIALIZED (
    SELECT
        s.tenant_id, s.connection_id, s.resource_id,
        CASE
            WHEN COALESCE(i.item->>'fieldId', lower(i.item->>'field')) IN ('status', 'reporter')
                THEN COALESCE(i.item->>'fieldId', lower(i.item->>'field'))
            ELSE 'severity'
        END AS field,
        (i.item->>'from') AS from_id,
        (i.item->>'to') AS to_id,
        lower(i.item->>'fromString') AS from_name,
        lower(i.item->>'toString') AS to_name,
        (h.item->'author'->>'accountId') AS author,
        (h.item->'author'->>'emailAddress') AS author_email,
        as_integer(h.item->>'id') AS number,
        COALESCE(
            as_timestamp(h.item->>'created'),
            CASE
                WHEN as_integer(h.item->>'created') BETWEEN 946684800000 AND 4102444800000
                    THEN to_timestamp(as_integer(h.item->>'created') / 1000.0)
            END
        ) AS changed_at
    FROM issue AS s
    JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
    JOIN raw.record_asof AS r
        ON r.stream = 'jira.issue_changelog'
        AND r.tenant_id = s.tenant_id
        AND r.connection_id = s.connection_id
        AND r.resource_id = s.resource_id
    CROSS JOIN LATERAL json_items(r.body->'histories') AS h(item)
    CROSS JOIN LATERAL json_items(h.item->'items') AS i(item)
    WHERE COALESCE(i.item->>'fieldId', lower(i.item->>'field')) IN ('status', 'reporter', lower(p.severity_field))
),

move AS MATERIALIZED (
    SELECT
        c.*,
        lag(c.to_id) OVER (
            PARTITION BY c.tenant_id, c.connection_id, c.resource_id ORDER BY c.changed_at, c.number
        ) AS before_id,
        lead(c.to_id) OVER (
            PARTITION BY c.tenant_id, c.connection_id, c.resource_id ORDER BY c.changed_at, c.number
        ) AS after_id,
        COALESCE(t.is_approved AND NOT t.is_done, FALSE) AS approves,
        COALESCE(t.is_done, FALSE) AS finishes,
        COALESCE(t.is_rejected, FALSE) AS rejects,
        COALESCE(t.is_review OR (f.is_review AND NOT COALESCE(t.is_rejected, FALSE)), FALSE) AS reviews,
        COALESCE(t.is_assessed, FALSE) AS assesses,
        COALESCE(t.is_approved OR t.is_done, FALSE) AS signs
    FROM change AS c
    LEFT JOIN said AS t ON t.tenant_id = c.tenant_id AND t.word = c.to_name
    LEFT JOIN said AS f ON f.tenant_id = c.tenant_id AND f.word = c.from_name
    WHERE c.field = 'status'
),

path AS MATERIALIZED (
    SELECT
        s.tenant_id, s.connection_id, s.resource_id,
        count(m.resource_id) AS moves,
        bool_or(
            m.changed_at IS NULL OR (m.before_id IS NOT NULL AND m.before_id <> m.from_id)
            OR (m.after_id IS NULL AND m.to_id <> s.status_id AND NOT m.changed_at > s.updated_at)
        ) FILTER (WHERE m.resource_id IS NOT NULL) AS is_broken,
        min(m.changed_at) FILTER (WHERE m.finishes) AS done_at,
        max(m.changed_at) FILTER (WHERE m.assesses) AS assessed_at,
        max(m.changed_at) FILTER (WHERE m.signs) AS signed_at,
        min(m.changed_at) FILTER (WHERE m.reviews) AS examined_at
    FROM issue AS s
    LEFT JOIN move AS m
        ON m.tenant_id = s.tenant_id AND m.connection_id = s.connection_id AND m.resource_id = s.resource_id
    GROUP BY s.tenant_id, s.connection_id, s.resource_id
),

-- Who ever asked.
asker AS MATERIALIZED (
    SELECT s.tenant_id, s.connection_id, s.resource_id, (s.body->'fields'->'reporter'->>'accountId') AS person
    FROM issue AS s
    UNION
    SELECT s.tenant_id, s.connection_id, s.resource_id, (s.body->'fields'->'creator'->>'accountId') AS person
    FROM issue AS s
    UNION
    SELECT c.tenant_id, c.connection_id, c.resource_id, c.from_id AS person FROM change AS c WHERE c.field = 'reporter'
    UNION
    SELECT c.tenant_id, c.connection_id, c.resource_id, c.to_id AS person FROM change AS c WHERE c.field = 'reporter'
),

word AS MATERIALIZED (
    SELECT
        m.tenant_id, m.connection_id, m.resource_id, m.author AS person, m.author_email AS email,
        m.changed_at AS said_at, m.approves, m.rejects, m.reviews
    FROM move AS m
    WHERE m.approves OR m.rejects OR m.reviews
    UNION ALL
    SELECT
        s.tenant_id, s.connection_id, s.resource_id,
        (w.item->'approver'->>'accountId') AS person,
        (w.item->'approver'->>'emailAddress') AS email,
        to_timestamp(as_integer(d.item->'completedDate'->>'epochMillis') / 1000.0) AS said_at,
        (d.item->>'finalDecision') = 'approved' AND (w.item->>'approverDecision') = 'approved' AS approves,
        (d.item->>'finalDecision') = 'declined' AS rejects,
        FALSE AS reviews
    FROM issue AS s
    CROSS JOIN LATERAL json_members(s.body->'fields') AS f(key, item)
    CROSS JOIN LATERAL json_items(f.item) AS d(item)
    CROSS JOIN LATERAL json_items(d.item->'approvers') AS w(item)
    WHERE f.key LIKE 'customfield%'
        AND (s.is_change OR s.is_access)
        AND (d.item->>'finalDecision') IN ('approved', 'declined')
        AND as_integer(d.item->'completedDate'->>'epochMillis') BETWEEN 946684800000 AND 4102444800000
),

approval AS MATERIALIZED (
    SELECT
        w.*,
        a.person IS NOT NULL AS is_own,
        NOT json_is_filled(p.access_approvers)
            OR json_holds(p.access_approvers, w.person)
            OR json_holds(p.access_approvers, w.email) AS is_authorised
    FROM word AS w
    JOIN facts.tenant_policy AS p ON p.tenant_id = w.tenant_id
    LEFT JOIN asker AS a
        ON a.tenant_id = w.tenant_id AND a.connection_id = w.connection_id AND a.resource_id = w.resource_id
        AND a.person = w.person
),

rejection AS (
    SELECT w.tenant_id, w.connection_id, w.resource_id, max(w.said_at) AS rejected_at
    FROM word AS w
    JOIN path AS h
        ON h.tenant_id = w.tenant_id AND h.connection_id = w.connection_id AND h.resource_id = w.resource_id
    WHERE w.rejects AND (h.done_at IS NULL OR w.said_at <= h.done_at)
    GROUP BY w.tenant_id, w.connection_id, w.resource_id
),

approved AS (
    SELECT
        a.tenant_id, a.connection_id, a.resource_id,
        max(a.said_at) FILTER (WHERE a.approves AND NOT a.is_own AND a.person IS NOT NULL) AS approved_at,
        max(a.said_at) FILTER (
            WHERE a.approves AND NOT a.is_own AND a.person IS NOT NULL AND a.is_authorised
        ) AS authorised_at,
        bool_or(a.approves AND a.is_own) AS is_self_approved
    FROM approval AS a
    JOIN path AS h
        ON h.tenant_id = a.tenant_id AND h.connection_id = a.connection_id AND h.resource_id = a.resource_id
    LEFT JOIN rejection AS j
        ON j.tenant_id = a.tenant_id AND j.connection_id = a.connection_id AND j.resource_id = a.resource_id
    WHERE (h.done_at IS NULL OR a.said_at <= h.done_at) AND (j.rejected_at IS NULL OR a.said_at > j.rejected_at)
    GROUP BY a.tenant_id, a.connection_id, a.resource_id
),

reviewed AS (
    SELECT a.tenant_id, a.connection_id, a.resource_id, min(a.said_at) AS reviewed_at
    FROM approval AS a
    WHERE a.reviews AND NOT a.is_own AND a.person IS NOT NULL
    GROUP BY a.tenant_id, a.connection_id, a.resource_id
),

-- Reviews that stand in issues of their own.
lesson AS (
    SELECT
        s.tenant_id, s.connection_id, s.resource_id,
        min(as_timestamp(o.body->'fields'->>'resolutiondate')) AS learned_at
    FROM issue AS s
    CROSS JOIN LATERAL json_items(s.body->'fields'->'issuelinks') AS l(item)
    JOIN raw.record_asof AS o
        ON o.stream = 'jira.issue'
        AND o.tenant_id = s.tenant_id
        AND o.connection_id = s.connection_id
        AND o.resource_id = COALESCE(l.item->'outwardIssue'->>'key', l.item->'inwardIssue'->>'key')
    JOIN said AS k ON k.tenant_id = s.tenant_id AND k.word = lower(o.body->'fields'->'issuetype'->>'name')
    WHERE s.is_incident AND k.is_lesson
    GROUP BY s.tenant_id, s.connection_id, s.resource_id
),

allowed AS (
    SELECT p.tenant_id, lower(split_part(json_text(i.item), '=', 1)) AS severity,
        min(as_integer(split_part(json_text(i.item), '=', 2))) AS days
    FROM facts.tenant_policy AS p, LATERAL json_items(p.security_defect_days) AS i(item)
    GROUP BY p.tenant_id, lower(split_part(json_text(i.item), '=', 1))
),

-- The severities that a defect was held for once it had been looked at: what it had then, and whatever came after.
held AS (
    SELECT s.tenant_id, s.connection_id, s.resource_id, lower(s.severity) AS severity
    FROM issue AS s
    WHERE s.is_defect
    UNION
    SELECT s.tenant_id, s.connection_id, s.resource_id, c.from_name AS severity
    FROM issue AS s
    JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
    JOIN change AS c
        ON c.tenant_id = s.tenant_id AND c.connection_id = s.connection_id AND c.resource_id = s.resource_id
    WHERE s.is_defect
        AND c.field = 'severity'
        AND c.from_name IS NOT NULL
        AND (c.changed_at > s.created_at + p.security_defect_triage_days * INTERVAL '1 day') IS NOT FALSE
),

due AS (
    SELECT
        h.tenant_id, h.connection_id, h.resource_id,
        CASE WHEN count(*) = count(a.days) THEN min(a.days) END AS allowed_days
    FROM held AS h
    LEFT JOIN allowed AS a ON a.tenant_id = h.tenant_id AND a.severity = h.severity
    GROUP BY h.tenant_id, h.connection_id, h.resource_id
),

ticket AS MATERIALIZED (
    SELECT
        s.*,
        h.moves, h.done_at, h.signed_at,
        COALESCE(t.is_done, FALSE) OR COALESCE(s.category = 'done', FALSE) OR h.done_at IS NOT NULL AS is_done,
        g.resource_id IS NOT NULL AND NOT COALESCE(h.is_broken, FALSE) AS has_history,
        json_holds(p.cancelled_resolutions, s.resolution) OR COALESCE(t.is_rejected, FALSE) AS is_cancelled,
        json_holds(p.unfixed_resolutions, s.resolution) AS is_unfixed,
        COALESCE(h.done_at, s.created_at) >= c.as_of - p.jira_window_days * INTERVAL '1 day'
            OR s.created_at >= c.as_of - p.jira_window_days * INTERVAL '1 day'
            OR COALESCE(s.resolved_at >= c.as_of - p.jira_window_days * INTERVAL '1 day', FALSE) AS is_in_window,
        v.approved_at, v.authorised_at, COALESCE(v.is_self_approved, FALSE) AS is_self_approved,
        w.reviewed_at,
        LEAST(h.examined_at, l.learned_at) AS learned_at,
        d.allowed_days,
        GREATEST(
            h.assessed_at,
            as_timestamp(substr(s.body->'fields'->>p.risk_review_field, 1, 10) || 'T00:00:00Z'),
            s.created_at
        ) AS assessed_at
    FROM issue AS s
    CROSS JOIN ops.clock AS c
    JOIN facts.tenant_policy AS p ON p.tenant_id = s.tenant_id
    JOIN path AS h
        ON h.tenant_id = s.tenant_id AND h.connection_id = s.connection_id AND h.resource_id = s.resource_id
    LEFT JOIN said AS t ON t.tenant_id = s.tenant_id AND t.word = s.status
    LEFT JOIN raw.record_asof AS g
        ON g.stream = 'jira.issue_changelog'
        AND g.tenant_id = s.tenant_id
        AND g.connection_id = s.connection_id
        AND g.resource_id = s.resource_id
        AND json_is_array(g.body->'histories')
    LEFT JOIN approved AS v
        ON v.tenant_id = s.tenant_id AND v.connection_id = s.connection_id AND v.resource_id = s.resource_id
    LEFT JOIN reviewed AS w
        ON w.tenant_id = s.tenant_id AND w.connection_id = s.connection_id AND w.resource_id = s.resource_id
    LEFT JOIN lesson AS l
        ON l.tenant_id = s.tenant_id AND l.connection_id = s.connection_id AND l.resource_id = s.resource_id
    LEFT JOIN due AS d
        ON d.tenant_id = s.tenant_id AND d.connection_id = s.connection_id AND d.resource_id = s.resource_id
)

SELECT
    t.tenant_id, t.connection_id, t.account_id, t.scope, t.resource_id, t.observed_at, t.collected_at, t.evidence_sha256,
    FALSE AS is_site,
    t.is_change, t.is_emergency, t.is_access, t.is_incident, t.is_defect, t.is_risk,
    t.is_in_window, t.is_cancelled, t.is_done, t.has_history,
    (t.body->'fields'->'reporter'->>'accountId') IS NOT NULL AS has_reporter,
    t.created_at, t.done_at, t.resolved_at,
    t.approved_at, t.authorised_at, t.is_self_approved, t.reviewed_at, t.learned_at,
    (t.body->'fields'->'assignee'->>'accountId') AS owner,
    t.severity, t.moves, t.allowed_days, t.is_unfixed, t.has_treatment, t.assessed_at,
    t.resolved_at IS NOT NULL OR COALESCE(t.category = 'done', FALSE) AS is_closed,
    CAST(NULL AS BIGINT) AS incidents,
    CAST(NULL AS BIGINT) AS risks,
    CAST(NULL AS TIMESTAMPTZ) AS statement_at
FROM ticket AS t
UNION ALL
SELECT
    k.tenant_id, k.connection_id, k.account_id, k.scope, k.account_id AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, k.finished_at AS collected_at, k.last_page_sha256 AS evidence_sha256,
    TRUE AS is_site,
    FALSE AS is_change, FALSE AS is_emergency, FALSE AS is_access, FALSE AS is_incident, FALSE AS is_defect,
    FALSE AS is_risk, FALSE AS is_in_window, FALSE AS is_cancelled, FALSE AS is_done, FALSE AS has_history,
    FALSE AS has_reporter,
    k.finished_at AS created_at,
    CAST(NULL AS TIMESTAMPTZ) AS done_at, CAST(NULL AS TIMESTAMPTZ) AS resolved_at,
    CAST(NULL AS TIMESTAMPTZ) AS approved_at, CAST(NULL AS TIMESTAMPTZ) AS authorised_at, FALSE AS is_self_approved,
    CAST(NULL AS TIMESTAMPTZ) AS reviewed_at, CAST(NULL AS TIMESTAMPTZ) AS learned_at,
    CAST(NULL AS VARCHAR) AS owner, CAST(NULL AS VARCHAR) AS severity, CAST(NULL AS BIGINT) AS moves,
    CAST(NULL AS BIGINT) AS allowed_days, FALSE AS is_unfixed, FALSE AS has_treatment,
    CAST(NULL AS TIMESTAMPTZ) AS assessed_at, FALSE AS is_closed,
    (
        SELECT count(*) FROM ticket AS t
        WHERE t.tenant_id = k.tenant_id AND t.connection_id = k.connection_id AND t.is_incident
            AND t.is_in_window IS NOT FALSE
    ) AS incidents,
    (
        SELECT count(*) FROM ticket AS t
        WHERE t.tenant_id = k.tenant_id AND t.connection_id = k.connection_id AND t.is_risk
    ) AS risks,
    (
        SELECT max(t.signed_at) FROM ticket AS t
        WHERE t.tenant_id = k.tenant_id AND t.connection_id = k.connection_id AND t.is_nil AND NOT t.is_cancelled
            AND t.has_history
    ) AS statement_at
FROM raw.last_receipt_asof AS k
WHERE k.stream = 'jira.issue' AND k.last_page_sha256 IS NOT NULL
