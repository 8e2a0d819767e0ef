/*
id: SLK-ACC-002
title: Guests and outside organisations in shared channels are approved and unexpired
severity: medium
resource_type: slack.user
population: slack_outsider
streams: [slack.user, slack.channel]
freshness_hours: 36
policy: [slack_approved_outsiders]
unknown_when: >-
  The members or the channels were denied or are not whole. Where the list of outside organisations was not read whole
  (Enterprise, the scope conversations.connect:manage) one UNKNOWN row stands for those in private channels that the token
  does not see.
criteria:
  soc2: [CC6.3, CC9.2]
  iso27001: [A.5.14, A.5.19]
  nist_csf: [PR.AA-05]
remediation: >-
  Remove the guest, or disconnect the organisation; or approve it in slack_approved_outsiders with the day on which the
  approval ends.
*/
SELECT
    s.tenant_id,
    s.resource_id,
    CASE
        WHEN s.kind = 'workspace' THEN CASE WHEN s.are_all_known THEN 'PASS' ELSE 'UNKNOWN' END
        WHEN s.approved_until > c.as_of THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN s.kind = 'workspace'
            THEN CASE WHEN s.are_all_known THEN 'every outside organisation is known' ELSE 'incomplete' END
        WHEN s.approved_until > c.as_of THEN 'approved'
        WHEN s.approved_until <= c.as_of THEN 'the approval has ended'
        WHEN s.is_listed THEN 'approved without a day on which the approval ends'
        WHEN s.kind = 'guest' THEN 'a guest without approval'
        ELSE 'an outside organisation without approval'
    END AS reason
FROM facts.slack_outsider AS s
CROSS JOIN ops.clock AS c
