/*
id: AWS-EC2-002
title: Managed hosts meet the patch baseline
# Every running instance must be managed by SSM: one that is not, or that never was scanned, fails.
severity: medium
resource_type: aws.ec2.instance
population: aws_ec2_instance
applies_to: "state = 'running'"
streams: [aws.ec2_instance, aws.ssm_instance, aws.ssm_patch_state]
freshness_hours: 36
policy: [patch_scan_max_age_days]
unknown_when: Instances, the hosts that SSM manages, or the patch state of a host were not read.
criteria:
  soc2: [CC6.8, CC7.1]
  iso27001: [A.8.8]
  nist_csf: [PR.PS-02]
  hipaa: ["164.308(a)(1)(ii)(B)"]
  pci_dss: ["6.3.3"]
remediation: >-
  Let SSM manage the instance, scan it for patches on a schedule, and install what is missing.
*/
WITH host AS (
    SELECT
        i.tenant_id, i.resource_id,
        h.tenant_id IS NOT NULL AS is_managed,
        coalesce(h.is_scanned, FALSE) AS is_scanned,
        h.missing_patches + h.failed_patches AS lacking,
        coalesce(h.pending_reboot, 0) AS pending_reboot,
        h.scanned_at,
        h.scanned_at < c.as_of - p.patch_scan_max_age_days * INTERVAL '1 day' AS is_old
    FROM facts.aws_ec2_instance AS i
    JOIN facts.tenant_policy AS p ON p.tenant_id = i.tenant_id
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.aws_managed_host AS h
        ON h.tenant_id = i.tenant_id AND h.connection_id = i.connection_id AND h.resource_id = i.resource_id
)

SELECT
    h.tenant_id,
    h.resource_id,
    CASE
        WHEN NOT h.is_managed OR NOT h.is_scanned OR h.is_old OR h.lacking > 0 OR h.pending_reboot > 0 THEN 'FAIL'
        WHEN h.lacking IS NULL OR h.is_old IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN NOT h.is_managed THEN 'SSM does not manage it'
        WHEN NOT h.is_scanned THEN 'it was never scanned for patches'
        WHEN h.is_old THEN 'it was last scanned on ' || CAST(CAST(h.scanned_at AS DATE) AS VARCHAR)
        WHEN h.lacking > 0 THEN 'patches of the baseline are missing or failed: ' || h.lacking
        WHEN h.pending_reboot > 0 THEN 'patches wait for a restart: ' || h.pending_reboot
        WHEN h.lacking IS NULL OR h.is_old IS NULL THEN 'quarantined'
        ELSE 'no patch of the baseline is missing'
    END AS reason
FROM host AS h
