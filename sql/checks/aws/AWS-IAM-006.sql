/*
id: AWS-IAM-006
title: Console passwords and keys unused beyond the limit are disabled
# What was never used counts from the day on which it was made, changed or rotated.
severity: medium
resource_type: aws.iam.user
population: aws_iam_credential_report
applies_to: "NOT is_root AND (password_enabled OR has_active_key)"
streams: [aws.iam_credential_report]
freshness_hours: 36
policy: [unused_credential_max_days]
unknown_when: The credential report was not read, or a time in it that the verdict needs is not understood.
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.18]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(3)(ii)(C)"]
  pci_dss: ["8.2.6"]
remediation: Disable the password or the key; delete the user when nothing misses it.
*/
WITH credential AS (
    SELECT
        u.tenant_id, u.connection_id, u.resource_id,
        coalesce(u.password_last_used, u.password_last_changed, u.created_at) AS unused_since
    FROM facts.aws_iam_credential_report AS u
    WHERE u.password_enabled
    UNION ALL
    SELECT
        k.tenant_id, k.connection_id, k.user_arn AS resource_id,
        coalesce(k.last_used, k.last_rotated) AS unused_since
    FROM facts.aws_iam_access_key AS k
    WHERE k.is_active IS NOT FALSE
),

oldest AS (
    SELECT
        g.tenant_id, g.connection_id, g.resource_id,
        min(g.unused_since) AS unused_since,
        count(*) - count(g.unused_since) AS unknown_times
    FROM credential AS g
    GROUP BY g.tenant_id, g.connection_id, g.resource_id
)

SELECT
    o.tenant_id,
    o.resource_id,
    CASE
        WHEN o.unused_since < c.as_of - p.unused_credential_max_days * INTERVAL '1 day' THEN 'FAIL'
        WHEN o.unknown_times > 0 THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN o.unused_since < c.as_of - p.unused_credential_max_days * INTERVAL '1 day'
        THEN 'a password or access key is enabled and unused since ' || CAST(CAST(o.unused_since AS DATE) AS VARCHAR)
        WHEN o.unknown_times > 0 THEN 'quarantined'
        ELSE 'every enabled password and access key was used or made within ' || p.unused_credential_max_days || ' days'
    END AS reason
FROM oldest AS o
JOIN facts.tenant_policy AS p ON p.tenant_id = o.tenant_id
CROSS JOIN ops.clock AS c
