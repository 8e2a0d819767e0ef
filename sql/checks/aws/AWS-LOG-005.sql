/*
id: AWS-LOG-005
title: Audit logging had no stop, delete or weakening event during the window
# CloudTrail's event history is kept by AWS itself: stopping a trail leaves the event that stopped it.
severity: high
resource_type: aws.cloudtrail.event
population: aws_cloudtrail_event
applies_to: "kind = 'account' OR is_logging_change IS NOT FALSE"
streams: [aws.cloudtrail_event, aws.account, aws.cloudtrail_trail, aws.cloudtrail_trail_status]
freshness_hours: 36
policy: [audit_event_window_days]
unknown_when: >-
  The event history of a region was not read for the whole window, no trail of the account is known to log, or the
  latest delivery failed. The objects in the log bucket are not counted day by day; what AWS's event history holds
  does not depend on them.
criteria:
  soc2: [CC7.2, CC7.3]
  iso27001: [A.8.15, A.8.16]
  nist_csf: [PR.PS-04, DE.CM-09]
  hipaa: ["164.312(b)", "164.308(a)(1)(ii)(D)"]
  pci_dss: ["10.2.1.6", "10.7.2"]
remediation: >-
  Find out who changed the trail and why, put it back, and let nobody but the audit administrators change it.
*/
WITH trail AS (
    SELECT t.tenant_id, t.connection_id, bool_or(t.is_logging AND t.delivery_error IS NULL) AS is_logging
    FROM facts.aws_cloudtrail_trail AS t
    GROUP BY t.tenant_id, t.connection_id
)

SELECT
    e.tenant_id,
    e.resource_id,
    CASE
        WHEN e.kind = 'event' THEN
            CASE
                WHEN e.happened_at >= c.as_of - p.audit_event_window_days * INTERVAL '1 day' THEN 'FAIL' ELSE 'PASS'
            END
        WHEN t.is_logging THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN e.kind = 'event' AND e.happened_at >= c.as_of - p.audit_event_window_days * INTERVAL '1 day'
        THEN e.event_name || ' on ' || CAST(CAST(e.happened_at AS DATE) AS VARCHAR) || ' stopped or weakened a trail'
        WHEN e.kind = 'event' THEN 'the change lies before the window'
        WHEN t.is_logging THEN 'a trail logs, and every change that weakened one is judged by itself'
        ELSE 'incomplete'
    END AS reason
FROM facts.aws_cloudtrail_event AS e
JOIN facts.tenant_policy AS p ON p.tenant_id = e.tenant_id
CROSS JOIN ops.clock AS c
LEFT JOIN trail AS t ON t.tenant_id = e.tenant_id AND t.connection_id = e.connection_id
