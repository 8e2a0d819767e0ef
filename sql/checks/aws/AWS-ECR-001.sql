/*
id: AWS-ECR-001
title: Container repositories scan images and forbid tag mutation
# Exclusions from immutable tags let some tags be moved, and so do not pass.
severity: low
resource_type: aws.ecr.repository
population: aws_ecr_repository
streams: [aws.ecr_repository, aws.ecr_registry_scanning]
freshness_hours: 36
unknown_when: Repositories or the scanning rules of the region were not read.
criteria:
  soc2: [CC7.1, CC8.1]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-01, PR.PS-06]
  pci_dss: ["6.3.1"]
remediation: >-
  Make the tags of the repository immutable, and add it to a rule of the registry that scans on push or continuously.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN r.tag_mutability <> 'IMMUTABLE' OR NOT r.is_scanned THEN 'FAIL'
        WHEN r.is_scanned IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN r.tag_mutability LIKE '%WITH_EXCLUSION' THEN 'some of its tags can be moved to other images'
        WHEN r.tag_mutability <> 'IMMUTABLE' THEN 'its tags can be moved to other images'
        WHEN NOT r.is_scanned THEN 'its images are not scanned'
        WHEN r.is_scanned IS NULL THEN 'incomplete'
        ELSE 'tags are immutable and images are scanned'
    END AS reason
FROM facts.aws_ecr_repository AS r
