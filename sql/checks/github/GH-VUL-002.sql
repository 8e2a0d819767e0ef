/*
id: GH-VUL-002
title: Critical and high dependency alerts are fixed or dismissed with reason within the SLA
# The time runs from the day on which GitHub found it. A late fix stays a failure for as long as the window reaches.
severity: high
resource_type: github.dependabot_alert
population: github_dependency_alert
applies_to: is_judged
streams: [github.dependabot_alert, github.repository_settings]
freshness_hours: 36
policy:
  - critical_weakness_days
  - high_weakness_days
  - github_window_days
  - github_repositories_in_scope
  - github_repositories_out_of_scope
unknown_when: >-
  GH-VUL-001 is not PASS for the repository, so that there is no alert proves nothing; or the alerts or settings were not
  read whole.
criteria:
  soc2: [CC7.1]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-01, PR.PS-02]
  hipaa: ["164.308(a)(1)(ii)(B)"]
  pci_dss: ["6.3.3"]
remediation: >-
  Update the dependency, or dismiss the alert with the reason why it may stay.
*/
WITH alert AS (
    SELECT
        f.*,
        CASE WHEN f.severity = 'critical' THEN p.critical_weakness_days ELSE p.high_weakness_days END AS days,
        f.created_at
        + CASE
            WHEN f.severity = 'critical' THEN p.critical_weakness_days ELSE p.high_weakness_days
        END * INTERVAL '1 day' AS due_at
    FROM facts.github_dependency_alert AS f
    JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
)

SELECT
    f.tenant_id,
    f.resource_id,
    CASE
        WHEN f.alerts_enabled IS NOT TRUE THEN 'UNKNOWN'
        WHEN f.kind = 'repository' THEN 'PASS'
        WHEN f.state = 'dismissed' AND f.reason IS NULL THEN 'FAIL'
        WHEN f.closed_at <= f.due_at THEN 'PASS'
        WHEN f.closed_at > f.due_at THEN 'FAIL'
        WHEN c.as_of > f.due_at THEN 'FAIL'
        WHEN c.as_of <= f.due_at THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN f.alerts_enabled IS NOT TRUE THEN 'depends_on_unknown'
        WHEN f.kind = 'repository' THEN 'alerts are on, and every one is judged by itself'
        WHEN f.state = 'dismissed' AND f.reason IS NULL THEN 'dismissed without a reason'
        WHEN f.closed_at <= f.due_at THEN f.state || ' in time' || COALESCE(': ' || f.reason, '')
        WHEN f.closed_at > f.due_at
        THEN f.state || ' after more than ' || f.days || ' days: ' || COALESCE(f.package, 'a dependency without a name')
        WHEN c.as_of > f.due_at AND f.state = 'auto_dismissed' THEN 'a rule dismissed it, and nobody gave a reason'
        WHEN c.as_of > f.due_at
        THEN 'open since ' || CAST(CAST(f.created_at AS DATE) AS VARCHAR) || ', longer than ' || f.days || ' days: '
            || COALESCE(f.package, 'a dependency without a name')
        WHEN c.as_of <= f.due_at THEN 'open since ' || CAST(CAST(f.created_at AS DATE) AS VARCHAR)
        ELSE 'incomplete'
    END AS reason
FROM alert AS f
CROSS JOIN ops.clock AS c
