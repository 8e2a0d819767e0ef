/*
table: okta_app
title: Applications, and how many factors Okta demands of who signs in to them
# Identity Engine: the application's authentication policy decides, and the global session policy may demand a second
# factor before it. Classic Engine: there is no authentication policy, the global session policy decides alone.
# A demand holds when every active rule that can be reached and lets somebody in makes it; a rule without conditions is
# the last one that can be reached. NULL where what was read does not say it.
streams: [okta.app, okta.policy, okta.policy_rule]
population_streams: [okta.app]
required: [name, status]
columns:
  name: Okta's name of the kind of application (saasure is the Admin Console)
  label: What the organisation calls it
  status: ACTIVE or INACTIVE
  sign_on_mode: How Okta signs in to it (SAML_2_0, OPENID_CONNECT, BROWSER_PLUGIN …)
  is_sign_on: Whether people sign in to it through Okta; a bookmark and a service's own client are not signed in to
  is_out_of_scope: Whether the tenant's policy puts it out of scope
  has_policy: Whether it has an authentication policy
  policy_demands_two: Whether that policy demands two factors
  policy_demands_resistance: Whether that policy demands a phishing-resistant factor
  session_demands_two: Whether every global session policy in force demands a second factor
*/
WITH rule AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        as_integer(i.item->>'priority') AS priority,
        (i.item->>'conditions') IS NULL AS is_for_everyone,
        COALESCE(i.item->'actions'->'appSignOn'->>'access', i.item->'actions'->'signon'->>'access') AS access,
        as_boolean(i.item->'actions'->'signon'->>'requireFactor') AS session_demands_two,
        CASE
            WHEN (i.item->'actions'->'appSignOn'->'verificationMethod'->>'factorMode') = '2FA' THEN TRUE
            WHEN (i.item->'actions'->'appSignOn'->'verificationMethod'->>'factorMode') = '1FA' THEN FALSE
            WHEN (i.item->'actions'->'appSignOn'->'verificationMethod'->>'type') = 'AUTH_METHOD_CHAIN'
                THEN (
                    -- A chain of one step is one factor, unless that step verifies the person besides the device.
                    SELECT
                        CASE
                            WHEN bool_and(json_is_filled(c.item->'next')) THEN TRUE
                            WHEN bool_or(
                                NOT json_is_filled(c.item->'next')
                                AND (c.item->'authenticationMethods'->0->>'key') IN (
                                    'okta_password', 'okta_email', 'phone_number', 'security_question'
                                )
                            ) THEN FALSE
                        END
                    FROM json_items(i.item->'actions'->'appSignOn'->'verificationMethod'->'chains') AS c(item)
                )
        END AS demands_two,
        CASE
            WHEN json_is_array(i.item->'actions'->'appSignOn'->'verificationMethod'->'constraints')
                THEN json_is_filled(i.item->'actions'->'appSignOn'->'verificationMethod'->'constraints')
                    AND NOT EXISTS (
                        SELECT 1
                        FROM json_items(i.item->'actions'->'appSignOn'->'verificationMethod'->'constraints') AS c(item)
                        WHERE COALESCE(c.item->'possession'->>'phishingResistant', '') <> 'REQUIRED'
                    )
            WHEN (i.item->'actions'->'appSignOn'->'verificationMethod'->>'type') = 'ASSURANCE' THEN FALSE
        END AS demands_resistance
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'rules') AS i(item)
    WHERE r.stream = 'okta.policy_rule' AND COALESCE(i.item->>'status', '') <> 'INACTIVE'
),

reached AS (
    SELECT u.*
    FROM rule AS u
    LEFT JOIN (
        SELECT f.tenant_id, f.connection_id, f.resource_id, min(f.priority) AS last_reached
        FROM rule AS f
        WHERE f.is_for_everyone
        GROUP BY f.tenant_id, f.connection_id, f.resource_id
    ) AS m
        ON m.tenant_id = u.tenant_id AND m.connection_id = u.connection_id AND m.resource_id = u.resource_id
    WHERE u.priority IS NULL OR m.last_reached IS NULL OR u.priority <= m.last_reached
),

demanded AS (
    SELECT
        u.tenant_id, u.connection_id, u.resource_id,
        CASE
            WHEN bool_or(u.demands_two = FALSE) FILTER (WHERE COALESCE(u.access, '') <> 'DENY') THEN FALSE
            WHEN bool_or(u.demands_two IS NULL) FILTER (WHERE COALESCE(u.access, '') <> 'DENY') THEN NULL
            ELSE TRUE
        END AS demands_two,
        CASE
            WHEN bool_or(u.demands_resistance = FALSE) FILTER (WHERE COALESCE(u.access, '') <> 'DENY') THEN FALSE
            WHEN bool_or(u.demands_resistance IS NULL) FILTER (WHERE COALESCE(u.access, '') <> 'DENY') THEN NULL
            ELSE TRUE
        END AS demands_resistance,
        CASE
            WHEN bool_or(u.session_demands_two = FALSE) FILTER (WHERE COALESCE(u.access, '') <> 'DENY') THEN FALSE
            WHEN bool_or(u.session_demands_two IS NULL) FILTER (WHERE COALESCE(u.access, '') <> 'DENY') THEN NULL
            ELSE TRUE
        END AS session_demands_two
    FROM reached AS u
    GROUP BY u.tenant_id, u.connection_id, u.resource_id
),

session AS (
    SELECT
        r.tenant_id, r.connection_id,
        CASE
            WHEN bool_or(d.session_demands_two = FALSE) THEN FALSE
            WHEN bool_or(d.session_demands_two IS NULL) THEN NULL
            ELSE TRUE
        END AS demands_two
    FROM raw.record_asof AS r
    LEFT JOIN demanded AS d
        ON d.tenant_id = r.tenant_id AND d.connection_id = r.connection_id AND d.resource_id = r.resource_id
    WHERE r.stream = 'okta.policy'
        AND (r.body->>'type') = 'OKTA_SIGN_ON'
        AND COALESCE(r.body->>'status', '') <> 'INACTIVE'
    GROUP BY r.tenant_id, r.connection_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'name') AS name,
    (r.body->>'label') AS label,
    (r.body->>'status') AS status,
    (r.body->>'signOnMode') AS sign_on_mode,
    CASE
        WHEN (r.body->>'signOnMode') = 'BOOKMARK'
            OR (r.body->'settings'->'oauthClient'->>'application_type') = 'service' THEN FALSE
        WHEN (r.body->>'signOnMode') IS NOT NULL THEN TRUE
    END AS is_sign_on,
    GREATEST(
        pattern_rank(r.resource_id, p.okta_apps_out_of_scope), pattern_rank(r.body->>'label', p.okta_apps_out_of_scope)
    ) > 0 AS is_out_of_scope,
    (r.body->'_links'->'accessPolicy'->>'href') IS NOT NULL AS has_policy,
    d.demands_two AS policy_demands_two,
    d.demands_resistance AS policy_demands_resistance,
    s.demands_two AS session_demands_two
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN demanded AS d
    ON d.tenant_id = r.tenant_id
    AND d.connection_id = r.connection_id
    AND d.resource_id = split_part(r.body->'_links'->'accessPolicy'->>'href', '/policies/', 2)
LEFT JOIN session AS s ON s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id
WHERE r.stream = 'okta.app'
