/*
id: GH-SEC-002
title: Leaked-secret alerts are revoked and closed within the SLA
severity: high
resource_type: github.secret_alert
population: github_secret_alert
applies_to: is_judged
streams: [github.secret_scanning_alert, github.repository]
freshness_hours: 36
policy:
  - github_repositories_in_scope
  - github_repositories_out_of_scope
  - github_window_days
  - leaked_secret_days
  - leaked_secret_resolutions
unknown_when: >-
  GH-SEC-001 is not PASS for the repository, so a leak may not have been found; or the alerts or the repositories were
  denied or are not whole.
criteria:
  soc2: [CC6.1, CC7.3, CC7.4]
  iso27001: [A.5.17, A.5.26]
  nist_csf: [RS.MA-02]
  hipaa: ["164.308(a)(6)(ii)"]
  pci_dss: ["8.6.2"]
remediation: >-
  Revoke the secret with whoever issued it, then close the alert as revoked. Removing it from the code is not enough, and
  an alert that is closed while GitHub finds the secret still working is not dealt with.
*/
SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN a.kind = 'repository' OR a.is_watched IS NOT TRUE THEN 'UNKNOWN'
        WHEN a.created_at IS NULL THEN 'UNKNOWN'
        WHEN a.state = 'open'
            THEN CASE WHEN c.as_of > a.created_at + p.leaked_secret_days * INTERVAL '1 day' THEN 'FAIL' ELSE 'PASS' END
        WHEN a.state IS DISTINCT FROM 'resolved' OR a.resolved_at IS NULL OR a.resolution IS NULL THEN 'UNKNOWN'
        WHEN a.validity = 'active' OR NOT json_holds(p.leaked_secret_resolutions, a.resolution) THEN 'FAIL'
        WHEN a.resolved_at > a.created_at + p.leaked_secret_days * INTERVAL '1 day' THEN 'FAIL'
        WHEN a.resolved_at <= a.created_at + p.leaked_secret_days * INTERVAL '1 day' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN a.kind = 'repository' OR a.is_watched IS NOT TRUE THEN 'depends_on_unknown'
        WHEN a.created_at IS NULL THEN 'incomplete'
        WHEN a.state = 'open' AND c.as_of > a.created_at + p.leaked_secret_days * INTERVAL '1 day'
            THEN 'open since ' || CAST(CAST(a.created_at AS DATE) AS VARCHAR) || ', longer than ' || p.leaked_secret_days
                || ' days'
        WHEN a.state = 'open' THEN 'open since ' || CAST(CAST(a.created_at AS DATE) AS VARCHAR)
        WHEN a.state IS DISTINCT FROM 'resolved' OR a.resolved_at IS NULL OR a.resolution IS NULL THEN 'incomplete'
        WHEN a.validity = 'active' THEN 'closed as ' || a.resolution || ', and the secret still works'
        WHEN NOT json_holds(p.leaked_secret_resolutions, a.resolution)
            THEN 'closed as ' || a.resolution || ', which does not end a leak'
        WHEN a.resolved_at > a.created_at + p.leaked_secret_days * INTERVAL '1 day'
            THEN 'closed as ' || a.resolution || ' after more than ' || p.leaked_secret_days || ' days'
        WHEN a.resolved_at <= a.created_at + p.leaked_secret_days * INTERVAL '1 day'
            THEN 'closed as ' || a.resolution || ' in time'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_secret_alert AS a
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
