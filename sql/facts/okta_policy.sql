/*
table: okta_policy
title: Policies of passwords, sessions, enrolment and applications
streams: [okta.policy, okta.policy_rule]
population_streams: [okta.policy]
required: [type, status]
columns:
  type: PASSWORD, OKTA_SIGN_ON (the global session policy), MFA_ENROLL or ACCESS_POLICY
  status: ACTIVE or INACTIVE
  name: What the organisation calls it
  min_length: The least length of a password
  demands_number: Whether a password needs a digit
  demands_letter: Whether it needs a letter, small or capital
  history: How many earlier passwords are refused
  max_attempts: After how many wrong passwords an account locks; 0 for never
  unlock_minutes: After how many minutes it unlocks by itself; 0 for never
  idle_minutes: >-
    The longest time that an active rule of a global session policy lets a session idle; NULL where one does not say it
  lifetime_minutes: The same for a session's whole life; 0 stands for no limit
  rules: How many active rules of it let somebody in; NULL where its rules could not be read
*/
WITH session AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        count(*) AS rules,
        CASE
            WHEN count(*) = count(as_integer(i.item->'actions'->'signon'->'session'->>'maxSessionIdleMinutes'))
                THEN max(
                    CASE as_integer(i.item->'actions'->'signon'->'session'->>'maxSessionIdleMinutes')
                        WHEN 0 THEN 1000000000
                        ELSE as_integer(i.item->'actions'->'signon'->'session'->>'maxSessionIdleMinutes')
                    END
                )
        END AS idle_minutes,
        CASE
            WHEN min(as_integer(i.item->'actions'->'signon'->'session'->>'maxSessionLifetimeMinutes')) = 0 THEN 0
            ELSE max(as_integer(i.item->'actions'->'signon'->'session'->>'maxSessionLifetimeMinutes'))
        END AS lifetime_minutes
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'rules') AS i(item)
    WHERE r.stream = 'okta.policy_rule'
        AND COALESCE(i.item->>'status', '') <> 'INACTIVE'
        AND COALESCE(i.item->'actions'->'signon'->>'access', '') <> 'DENY'
    GROUP BY r.tenant_id, r.connection_id, r.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'type') AS type,
    (r.body->>'status') AS status,
    (r.body->>'name') AS name,
    as_integer(r.body->'settings'->'password'->'complexity'->>'minLength') AS min_length,
    as_integer(r.body->'settings'->'password'->'complexity'->>'minNumber') >= 1 AS demands_number,
    GREATEST(
        as_integer(r.body->'settings'->'password'->'complexity'->>'minLowerCase'),
        as_integer(r.body->'settings'->'password'->'complexity'->>'minUpperCase')
    ) >= 1 AS demands_letter,
    as_integer(r.body->'settings'->'password'->'age'->>'historyCount') AS history,
    as_integer(r.body->'settings'->'password'->'lockout'->>'maxAttempts') AS max_attempts,
    as_integer(r.body->'settings'->'password'->'lockout'->>'autoUnlockMinutes') AS unlock_minutes,
    s.idle_minutes,
    s.lifetime_minutes,
    CASE WHEN json_is_array(t.body->'rules') THEN COALESCE(s.rules, 0) END AS rules
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS t
    ON t.stream = 'okta.policy_rule'
    AND t.tenant_id = r.tenant_id
    AND t.connection_id = r.connection_id
    AND t.resource_id = r.resource_id
LEFT JOIN session AS s
    ON s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id AND s.resource_id = r.resource_id
WHERE r.stream = 'okta.policy'
