/*
id: SLK-COM-001
title: Security announcements reach every employee and were posted in the interval
severity: low
resource_type: slack.channel
population: slack_announcement_channel
streams: [slack.channel_member, slack.user]
freshness_hours: 192
policy: [slack_announcement_max_days, slack_service_accounts]
unknown_when: >-
  The connection names no announcement channel, the channel cannot be read (the scope channels:history, and membership of
  the app), or the members of the workspace are not whole.
criteria:
  soc2: [CC2.2]
  iso27001: [A.6.3]
  nist_csf: [PR.AT-01]
  hipaa: ["164.308(a)(5)(ii)(A)"]
remediation: >-
  Make the channel one that everybody is in by default, invite who is missing, and post what people have to know.
*/
SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN a.people_missing > 0 OR a.is_silent
            OR a.last_post_at < c.as_of - p.slack_announcement_max_days * INTERVAL '1 day' THEN 'FAIL'
        WHEN a.people > 0 AND a.people_missing = 0
            AND a.last_post_at >= c.as_of - p.slack_announcement_max_days * INTERVAL '1 day' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN a.people_missing > 0 THEN a.people_missing || ' of ' || a.people || ' people are not in the channel'
        WHEN a.is_silent THEN 'nothing was ever posted'
        WHEN a.last_post_at < c.as_of - p.slack_announcement_max_days * INTERVAL '1 day'
            THEN 'nothing was posted for more than ' || p.slack_announcement_max_days || ' days'
        WHEN a.people > 0 AND a.people_missing = 0
            AND a.last_post_at >= c.as_of - p.slack_announcement_max_days * INTERVAL '1 day'
            THEN 'everybody is in the channel, and it is used'
        ELSE 'incomplete'
    END AS reason
FROM facts.slack_announcement_channel AS a
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
