/*
id: AWS-IAM-003
title: Root user was not used in the window except under an approved ticket
# Each use is judged by itself, so an approved exception is for one use. The account's own row says that nothing else was
# done.
severity: high
resource_type: aws.cloudtrail.event
population: aws_cloudtrail_event
applies_to: "kind = 'account' OR is_root_use IS NOT FALSE"
streams: [aws.cloudtrail_event, aws.account]
freshness_hours: 36
policy: [audit_event_window_days]
unknown_when: >-
  The event history of a region was not read for the whole window, or the audit trail was stopped, deleted or
  weakened in it, after which that no use is known proves little.
criteria:
  soc2: [CC6.1, CC7.2]
  iso27001: [A.8.2, A.8.15]
  nist_csf: [PR.AA-05, DE.CM-03]
  hipaa: ["164.308(a)(1)(ii)(D)"]
  pci_dss: ["8.2.2", "10.2.1.2"]
remediation: >-
  Find out who used the root user and why; approve a use that was meant as an exception on the event, and do such
  work through roles.
*/
WITH log AS (
    SELECT
        e.tenant_id, e.connection_id,
        count(*) FILTER (WHERE e.is_root_use) AS uses,
        bool_or(e.is_logging_change) AS is_broken
    FROM facts.aws_cloudtrail_event AS e
    JOIN facts.tenant_policy AS p ON p.tenant_id = e.tenant_id
    CROSS JOIN ops.clock AS c
    WHERE e.kind = 'account' OR e.happened_at >= c.as_of - p.audit_event_window_days * INTERVAL '1 day'
    GROUP BY e.tenant_id, e.connection_id
)

SELECT
    e.tenant_id,
    e.resource_id,
    CASE
        WHEN e.kind = 'event' THEN
            CASE
                WHEN e.happened_at >= c.as_of - p.audit_event_window_days * INTERVAL '1 day' THEN 'FAIL' ELSE 'PASS'
            END
        WHEN g.is_broken THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN e.kind = 'event' AND e.happened_at >= c.as_of - p.audit_event_window_days * INTERVAL '1 day'
        THEN 'the root user called ' || e.event_name || ' on ' || CAST(CAST(e.happened_at AS DATE) AS VARCHAR)
        WHEN e.kind = 'event' THEN 'the use lies before the window'
        WHEN g.is_broken THEN 'depends_on_unknown'
        WHEN g.uses > 0 THEN 'every use of the root user is judged by itself'
        ELSE 'the root user was not used in ' || p.audit_event_window_days || ' days'
    END AS reason
FROM facts.aws_cloudtrail_event AS e
JOIN facts.tenant_policy AS p ON p.tenant_id = e.tenant_id
CROSS JOIN ops.clock AS c
LEFT JOIN log AS g ON g.tenant_id = e.tenant_id AND g.connection_id = e.connection_id
