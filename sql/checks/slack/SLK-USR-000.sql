/*
id: SLK-USR-000
title: The member population is complete, including deactivated members and guests
severity: high
resource_type: slack.user
population: slack_user_known
streams: [slack.user, slack.billable_user]
freshness_hours: 36
unknown_when: >-
  The list of users or the list of billing was denied or is not whole; or the list of billing names members whom the list of
  users leaves out, or nobody at all where there are people: then no member is known to be in a whole list.
criteria:
  soc2: [CC2.1]
  iso27001: [A.5.16]
  nist_csf: [PR.AA-01]
remediation: >-
  Find out why Slack bills a member that its list of users does not show: a token of an organisation reads one workspace
  alone. Collect the tenant again.
*/
WITH number AS (
    SELECT
        tenant_id, connection_id,
        count(*) FILTER (WHERE NOT is_listed) AS missing,
        count(*) FILTER (WHERE is_billed) AS billed,
        count(*) FILTER (WHERE is_active_person) AS people
    FROM facts.slack_user_known
    GROUP BY tenant_id, connection_id
)

SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN NOT u.is_listed THEN 'FAIL'
        WHEN n.missing > 0 OR (n.people > 0 AND n.billed = 0) THEN 'UNKNOWN'
        WHEN u.is_listed AND u.is_active_person IS NOT NULL THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT u.is_listed THEN 'Slack bills the member, and the list of users does not hold them'
        WHEN u.is_listed AND u.is_active_person IS NOT NULL AND n.missing = 0 AND (n.people = 0 OR n.billed > 0)
            THEN 'in the list, which holds everybody whom Slack bills'
        ELSE 'incomplete'
    END AS reason
FROM facts.slack_user_known AS u
JOIN number AS n ON n.tenant_id = u.tenant_id AND n.connection_id = u.connection_id
