/*
id: AWS-VUL-001
title: Inspector scans in-scope EC2, ECR and Lambda resources
severity: medium
resource_type: aws.scan_target
population: aws_scan_target
streams: [aws.ec2_instance, aws.ecr_repository, aws.lambda_function, aws.inspector_coverage, aws.inspector_status]
freshness_hours: 36
unknown_when: >-
  Instances, repositories or functions of the region were not read, or Inspector's status or coverage was not.
criteria:
  soc2: [CC7.1]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-01]
  hipaa: ["164.308(a)(1)(ii)(A)"]
  pci_dss: ["11.3.1"]
remediation: >-
  Enable Inspector for that kind of resource in the region, and look into what it gives as the reason for not
  scanning.
*/
WITH target AS (
    SELECT
        t.tenant_id, t.resource_id, t.kind, t.is_covered, t.is_scanned, t.scan_reason,
        CASE t.kind WHEN 'instance' THEN s.ec2_status WHEN 'repository' THEN s.ecr_status ELSE s.lambda_status END
            AS inspector
    FROM facts.aws_scan_target AS t
    LEFT JOIN facts.aws_inspector_status AS s
        ON s.tenant_id = t.tenant_id AND s.connection_id = t.connection_id AND s.scope = t.scope
)

SELECT
    t.tenant_id,
    t.resource_id,
    CASE
        WHEN t.inspector IS NULL THEN 'UNKNOWN'
        WHEN t.inspector = 'ENABLED' AND t.is_scanned THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN t.inspector IS NULL THEN 'incomplete'
        WHEN t.inspector <> 'ENABLED' THEN 'Inspector does not scan this kind of resource in the region'
        WHEN t.is_scanned THEN 'Inspector scans it'
        WHEN t.is_covered THEN 'Inspector does not scan it: ' || coalesce(t.scan_reason, 'it does not say why')
        ELSE 'Inspector does not know it'
    END AS reason
FROM target AS t
