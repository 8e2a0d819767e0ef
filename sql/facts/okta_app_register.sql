/*
table: okta_app_register
title: Active applications against the tenant's register of applications in scope
# An application of the register that Okta does not have as an active one is a row by its name in the register.
streams: [okta.app]
columns:
  is_given: Whether the tenant has given a register
  is_registered: Whether the register names it
  is_found: Whether Okta has it as an active application
  sign_on_mode: How Okta signs in to it
  reviewed_at: When the register was last reviewed; NULL when that is not said
*/
WITH app AS (
    SELECT r.*, lower(r.body->>'label') AS label
    FROM raw.record_asof AS r
    WHERE r.stream = 'okta.app' AND COALESCE(r.body->>'status', '') <> 'INACTIVE'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    json_is_filled(p.application_register) AS is_given,
    json_holds(p.application_register, r.label) OR json_holds(p.application_register, r.resource_id) AS is_registered,
    TRUE AS is_found,
    (r.body->>'signOnMode') AS sign_on_mode,
    as_timestamp(p.application_register_reviewed || 'T00:00:00Z') AS reviewed_at
FROM app AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
UNION ALL
SELECT DISTINCT
    k.tenant_id, k.connection_id, k.account_id, k.scope, json_text(i.item) AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, k.finished_at AS collected_at, k.last_page_sha256 AS evidence_sha256,
    TRUE AS is_given,
    TRUE AS is_registered,
    FALSE AS is_found,
    CAST(NULL AS VARCHAR) AS sign_on_mode,
    as_timestamp(p.application_register_reviewed || 'T00:00:00Z') AS reviewed_at
FROM raw.last_receipt_asof AS k
JOIN facts.tenant_policy AS p ON p.tenant_id = k.tenant_id
CROSS JOIN LATERAL json_items(p.application_register) AS i(item)
WHERE k.stream = 'okta.app'
    AND k.last_page_sha256 IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM app AS r
        WHERE r.tenant_id = k.tenant_id
            AND r.connection_id = k.connection_id
            AND lower(json_text(i.item)) IN (r.label, lower(r.resource_id))
    )
