/*
id: GH-VUL-003
title: Code scanning ran on the default branch within the interval
severity: medium
resource_type: github.repository
population: github_code_scanning
applies_to: NOT is_archived AND NOT is_out_of_scope
streams: [github.code_scanning_analysis, github.repository]
freshness_hours: 36
policy: [code_scanning_max_age_days, github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  GitHub answered 403: code scanning is not part of the plan (private repositories need Code Security), or the token may not
  read it. Only a 404 that says that there is no analysis proves that there is none.
criteria:
  soc2: [CC7.1, CC8.1]
  iso27001: [A.8.28, A.8.29]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.2.3"]
remediation: >-
  Set code scanning up for the repository (the default set-up scans every push and once a week), and repair what makes it
  fail.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN NOT r.is_read THEN 'UNKNOWN'
        WHEN r.scanned_at IS NULL OR r.error IS NOT NULL THEN 'FAIL'
        WHEN r.scanned_at >= c.as_of - p.code_scanning_max_age_days * INTERVAL '1 day' THEN 'PASS'
        WHEN r.scanned_at < c.as_of - p.code_scanning_max_age_days * INTERVAL '1 day' THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT r.is_read THEN 'incomplete'
        WHEN r.scanned_at IS NULL THEN 'code scanning has never looked at the default branch'
        WHEN r.error IS NOT NULL
        THEN 'the analysis of ' || CAST(CAST(r.scanned_at AS DATE) AS VARCHAR) || ' came to nothing'
        WHEN r.scanned_at < c.as_of - p.code_scanning_max_age_days * INTERVAL '1 day'
        THEN 'last scanned on ' || CAST(CAST(r.scanned_at AS DATE) AS VARCHAR) || ', longer ago than '
            || p.code_scanning_max_age_days || ' days'
        WHEN r.scanned_at IS NOT NULL
        THEN 'scanned on ' || CAST(CAST(r.scanned_at AS DATE) AS VARCHAR) || COALESCE(' by ' || r.tool, '')
        ELSE 'incomplete'
    END AS reason
FROM facts.github_code_scanning AS r
JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
CROSS JOIN ops.clock AS c
