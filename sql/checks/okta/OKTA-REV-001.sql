/*
id: OKTA-REV-001
title: The periodic access review covered every in-scope application and its revocations took effect
severity: high
resource_type: okta.access_review
population: okta_access_review
streams: [okta.app, okta.app_user, okta.user, file.access_review]
freshness_hours: 192
policy:
  - access_review_days
  - okta_apps_out_of_scope
  - review_keep_decisions
  - review_revoke_decisions
  - review_revocation_days
unknown_when: >-
  There is no list of reviews, or it is not whole or too old; the assignments were not read when the review took place,
  so nobody knows what it left out; or the decision's word is not known.
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.18]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(4)(ii)(C)"]
  pci_dss: ["7.2.4"]
remediation: >-
  Review who has which application within access_review_days, have somebody else than the person decide, and bring the
  decisions with reviewer and day as access_review in a drop folder. Take away in Okta what was decided against.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN r.kind = 'app' THEN 'FAIL'
        WHEN NOT r.has_snapshot THEN 'UNKNOWN'
        WHEN r.kind = 'left_out' OR NOT r.is_signed OR r.is_own OR NOT r.is_decided THEN 'FAIL'
        WHEN r.decision = 'keep' THEN 'PASS'
        WHEN r.decision IS NULL OR r.is_assigned IS NULL THEN 'UNKNOWN'
        WHEN NOT r.is_assigned THEN 'PASS'
        WHEN r.assigned_at >= r.decided_at + INTERVAL '1 day' THEN 'PASS'
        WHEN c.as_of < r.decided_at + (p.review_revocation_days + 1) * INTERVAL '1 day' THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN r.kind = 'app' THEN 'no review of the last ' || p.access_review_days || ' days covers the application'
        WHEN NOT r.has_snapshot THEN 'not_collected'
        WHEN r.kind = 'left_out' THEN 'assigned before the review, and not reviewed'
        WHEN NOT r.is_signed THEN 'the decision does not say by whom and when it was made'
        WHEN r.is_own THEN 'decided by the person whose access it is'
        WHEN NOT r.is_decided THEN 'listed, and not decided on'
        WHEN r.decision = 'keep' THEN 'to be kept'
        WHEN r.decision IS NULL OR r.is_assigned IS NULL THEN 'incomplete'
        WHEN NOT r.is_assigned THEN 'decided against, and taken away'
        WHEN r.assigned_at >= r.decided_at + INTERVAL '1 day' THEN 'decided against, taken away, and given again later'
        WHEN c.as_of < r.decided_at + (p.review_revocation_days + 1) * INTERVAL '1 day'
            THEN 'decided against, to be taken away'
        ELSE 'decided against on ' || CAST(CAST(r.decided_at AS DATE) AS VARCHAR) || ', and still there'
    END AS reason
FROM facts.okta_access_review AS r
CROSS JOIN ops.clock AS c
JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
