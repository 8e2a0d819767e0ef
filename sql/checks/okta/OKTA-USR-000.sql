/*
id: OKTA-USR-000
title: The user population is complete, including deprovisioned people
severity: critical
resource_type: okta.user
population: okta_user_known
streams: [okta.user, okta.event]
freshness_hours: 36
policy: [okta_approved_deletions]
unknown_when: >-
  The list of users or the system log was denied or is not whole; or the log knows an account that the list leaves out and
  that was not deleted (then no account is known to be in a whole list), or it says that an account was deactivated and the
  list does not.
criteria:
  soc2: [CC2.1, CC6.2]
  iso27001: [A.5.16]
  nist_csf: [PR.AA-01]
  hipaa: ["164.312(a)(2)(i)"]
remediation: >-
  Deactivate accounts instead of deleting them, so that people who left stay in the population; name a deletion that had to
  be in okta_approved_deletions. Give the token's administrator the right to see every user.
*/
WITH missing AS (
    SELECT tenant_id, connection_id, count(*) AS accounts
    FROM facts.okta_user_known
    WHERE NOT is_listed AND NOT is_deleted
    GROUP BY tenant_id, connection_id
)

SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN NOT u.is_listed AND u.is_deleted AND NOT u.is_deletion_approved THEN 'FAIL'
        WHEN m.accounts > 0 OR u.is_contradicted THEN 'UNKNOWN'
        WHEN u.is_listed OR (u.is_deleted AND u.is_deletion_approved) THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT u.is_listed AND u.is_deleted AND NOT u.is_deletion_approved
            THEN 'deleted for good, so the population no longer shows the account'
        WHEN m.accounts > 0 OR u.is_contradicted THEN 'incomplete'
        WHEN u.is_listed THEN 'in the list, and the log knows of nobody whom the list leaves out'
        WHEN u.is_deleted AND u.is_deletion_approved THEN 'deleted for good with approval'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_user_known AS u
LEFT JOIN missing AS m ON m.tenant_id = u.tenant_id AND m.connection_id = u.connection_id
