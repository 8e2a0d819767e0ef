/*
id: OKTA-LOG-001
title: System-log ingestion has no hole in the window
severity: high
resource_type: okta.event
population: okta_log_hour
streams: [okta.event]
freshness_hours: 36
policy: [okta_log_window_days]
unknown_when: >-
  The log was denied or its last reading is not whole or too old; an hour lies before everything that was ever read; or an
  event could not be read.
criteria:
  soc2: [CC7.2]
  iso27001: [A.8.15]
  nist_csf: [PR.PS-04]
  hipaa: ["164.312(b)"]
  pci_dss: ["10.2.1"]
remediation: >-
  Collect the log at least once a day. Okta keeps about 90 days: a hole within them is filled by a full collection.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN is_read THEN 'PASS' WHEN is_before_first THEN 'UNKNOWN' WHEN NOT is_read THEN 'FAIL' ELSE 'UNKNOWN' END
        AS status,
    CASE
        WHEN is_read THEN 'the log of the hour was read'
        WHEN is_before_first THEN 'not_collected'
        WHEN NOT is_read THEN 'a hole: later hours were read, and this one was not'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_log_hour
