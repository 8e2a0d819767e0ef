/*
id: JIRA-RSK-001
title: Risk-register entries have an owner, a treatment and a review inside the interval
severity: medium
resource_type: jira.issue
population: jira_ticket
# Where no risk is written down at all, the site is the one row.
applies_to: (is_risk AND NOT is_closed AND NOT is_cancelled) OR (is_site AND risks = 0)
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 192
policy:
  [risk_types, risk_projects, risk_treatment_labels, risk_treatment_field, risk_review_statuses, risk_review_field,
  risk_review_days]
unknown_when: >-
  The site has no risk register: no issue of risk_types, in risk_projects if any are named. Then manual evidence is needed.
criteria:
  soc2: [CC3.2, CC3.4]
  nist_csf: [ID.RA-05, ID.RA-06]
  hipaa: ["164.308(a)(1)(ii)(A)"]
  pci_dss: ["12.3.1"]
remediation: >-
  Assign the risk, choose a treatment (one of risk_treatment_labels, or the field risk_treatment_field) and review it: move
  it into one of risk_review_statuses, or write the day into risk_review_field.
*/
WITH judged AS (
    SELECT
        t.*,
        t.assessed_at >= c.as_of - p.risk_review_days * INTERVAL '1 day' AS is_reviewed,
        p.risk_review_days AS days
    FROM facts.jira_ticket AS t
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN is_site THEN 'UNKNOWN'
        WHEN owner IS NULL OR NOT has_treatment THEN 'FAIL'
        WHEN is_reviewed THEN 'PASS'
        WHEN NOT has_history THEN 'UNKNOWN'
        WHEN NOT is_reviewed THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN is_site THEN 'not_collected'
        WHEN owner IS NULL THEN 'the risk has no owner'
        WHEN NOT has_treatment THEN 'no treatment of the risk is chosen'
        WHEN is_reviewed THEN 'owner, treatment and a review of the last ' || days || ' days'
        WHEN NOT has_history THEN 'incomplete'
        WHEN NOT is_reviewed THEN 'not reviewed for more than ' || days || ' days'
        ELSE 'incomplete'
    END AS reason
FROM judged
