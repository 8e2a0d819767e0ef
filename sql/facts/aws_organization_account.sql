/*
table: aws_organization_account
title: Accounts of the organisations, and for every connected account whether the list of its organisation is known
# Only the management account or a delegated administrator may list the accounts, so a member's own row (its id is the
# account's number) takes the list from whichever connection of the tenant read it whole.
streams: [aws.organization, aws.organization_account]
population_streams: [aws.organization]
required: [kind, account_number]
columns:
  kind: listed, an account of the list; own, the connected account itself
  account_number: The account's twelve digits
  account_name: Its name; NULL for an own row
  status: ACTIVE, SUSPENDED or what else Organizations says of a listed account
  is_connected: Whether the tenant has a connection to it
  is_member: Of an own row, whether the account belongs to an organisation
  list_read_at: Of an own row, when the organisation's list was last read whole; NULL where it never was
  list_outcome: Of an own row, how this connection's own reading of the list ended
  environment: production, non_production or NULL for unknown, from the account's tag or else the units above it
*/
WITH connected AS (
    SELECT DISTINCT u.tenant_id, u.account_id FROM raw.unit_asof AS u WHERE u.source = 'aws'
),

organization AS (
    SELECT r.*, (r.body->>'Id') AS organization_id
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.organization'
),

reading AS (
    SELECT u.tenant_id, u.connection_id, u.outcome, u.finished_at
    FROM raw.last_receipt_asof AS u
    WHERE u.stream = 'aws.organization_account'
),

whole AS (
    SELECT o.tenant_id, o.organization_id, max(u.finished_at) AS read_at
    FROM organization AS o
    JOIN reading AS u ON u.tenant_id = o.tenant_id AND u.connection_id = o.connection_id AND u.outcome = 'complete'
    WHERE o.organization_id IS NOT NULL
    GROUP BY o.tenant_id, o.organization_id
),

unit AS (
    SELECT r.tenant_id, r.connection_id, r.resource_id, (n.item->>'Name') AS unit_name
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'OrganizationalUnits') AS n(item)
    WHERE r.stream = 'aws.organization_account'
),

placed AS (
    SELECT
        n.tenant_id, n.connection_id, n.resource_id,
        bool_or(json_holds(y.production_tag_values, n.unit_name)) AS is_production,
        bool_or(json_holds(y.non_production_tag_values, n.unit_name)) AS is_non_production
    FROM unit AS n
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = n.tenant_id
    GROUP BY n.tenant_id, n.connection_id, n.resource_id
),

listed AS (
    SELECT
        r.*,
        (
            SELECT min(json_text(m.item))
            FROM json_members(r.body->'Tags') AS m(key, item)
            WHERE lower(m.key) = lower(y.production_tag_key)
        ) AS environment_tag,
        y.production_tag_values, y.non_production_tag_values,
        -- The management account and a delegated administrator list the same accounts; each is judged once.
        row_number() OVER (PARTITION BY r.tenant_id, r.resource_id ORDER BY r.connection_id) AS number
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS y ON y.tenant_id = r.tenant_id
    WHERE r.stream = 'aws.organization_account'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'listed' AS kind,
    (r.body->>'Id') AS account_number,
    (r.body->>'Name') AS account_name,
    coalesce((r.body->>'State'), (r.body->>'Status')) AS status,
    c.tenant_id IS NOT NULL AS is_connected,
    TRUE AS is_member,
    CAST(NULL AS TIMESTAMPTZ) AS list_read_at,
    CAST(NULL AS VARCHAR) AS list_outcome,
    CASE
        WHEN json_holds(r.production_tag_values, r.environment_tag) THEN 'production'
        WHEN json_holds(r.non_production_tag_values, r.environment_tag) THEN 'non_production'
        WHEN r.environment_tag IS NOT NULL OR (p.is_production AND p.is_non_production) THEN NULL
        WHEN p.is_production THEN 'production'
        WHEN p.is_non_production THEN 'non_production'
    END AS environment
FROM listed AS r
LEFT JOIN connected AS c ON c.tenant_id = r.tenant_id AND c.account_id = (r.body->>'Id')
LEFT JOIN placed AS p
    ON p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
WHERE r.number = 1
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.account_id AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'own' AS kind,
    r.account_id AS account_number,
    CAST(NULL AS VARCHAR) AS account_name,
    CAST(NULL AS VARCHAR) AS status,
    TRUE AS is_connected,
    CASE WHEN as_boolean((r.body->>'absent')) THEN FALSE WHEN r.organization_id IS NOT NULL THEN TRUE END AS is_member,
    w.read_at AS list_read_at,
    u.outcome AS list_outcome,
    CAST(NULL AS VARCHAR) AS environment
FROM organization AS r
LEFT JOIN whole AS w ON w.tenant_id = r.tenant_id AND w.organization_id = r.organization_id
LEFT JOIN reading AS u ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id
