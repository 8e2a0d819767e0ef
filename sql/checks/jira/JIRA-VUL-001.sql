/*
id: JIRA-VUL-001
title: Security defects are resolved within the SLA for their severity
severity: high
resource_type: jira.issue
population: jira_issue
applies_to: is_security
streams: [jira.issue]
freshness_hours: 36
policy: [security_issue_types, security_defect_days]
unknown_when: >-
  The issues were denied, are not whole or are too old; the priority has no limit in security_defect_days; or a done issue
  does not say when it was resolved.
criteria:
  soc2: [CC7.1, CC7.4]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-06, PR.PS-02]
  hipaa: ["164.308(a)(1)(ii)(B)"]
  pci_dss: ["6.3.3"]
remediation: >-
  Resolve the defect, or approve an exception with an end date; security_defect_days says how many days each priority has.
*/
WITH judged AS (
    SELECT
        s.tenant_id,
        s.resource_id,
        s.is_done,
        s.resolved_at,
        extract(epoch FROM (COALESCE(s.resolved_at, c.as_of) - s.created_at)) / 86400.0 AS days,
        l.allowed
    FROM facts.jira_issue AS s
    CROSS JOIN ops.clock AS c
    LEFT JOIN (
        SELECT
            p.tenant_id,
            lower(split_part(json_text(i.item), '=', 1)) AS priority,
            min(as_integer(split_part(json_text(i.item), '=', 2))) AS allowed
        FROM facts.tenant_policy AS p, LATERAL json_items(p.security_defect_days) AS i(item)
        GROUP BY p.tenant_id, lower(split_part(json_text(i.item), '=', 1))
    ) AS l ON l.tenant_id = s.tenant_id AND l.priority = s.priority
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN allowed IS NULL OR days IS NULL OR (is_done AND resolved_at IS NULL) THEN 'UNKNOWN'
        WHEN days > allowed THEN 'FAIL'
        WHEN days <= allowed THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN allowed IS NULL OR days IS NULL OR (is_done AND resolved_at IS NULL) THEN 'incomplete'
        WHEN days > allowed AND resolved_at IS NULL THEN 'open for longer than ' || allowed || ' days'
        WHEN days > allowed THEN 'resolved after more than ' || allowed || ' days'
        WHEN resolved_at IS NULL THEN 'open, within ' || allowed || ' days'
        ELSE 'resolved within ' || allowed || ' days'
    END AS reason
FROM judged
